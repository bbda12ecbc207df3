import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";

/**
 * Waits for a transfer; one that takes too long has failed: TRANSFER_FAILED in place of TIMEOUT, which who asks for a disk takes
 * for a question that nobody answered, and asks again for ever.
 */
export const transferInTime = async <Answer>(
  details: { readonly diskId: string; readonly transferId?: string },
  work: () => Promise<Answer>,
): Promise<Answer> => {
  try {
    return await work();
  } catch (caught) {
    if (!hasCode(caught, "TIMEOUT")) throw caught;
    throw new HoldfastError("TRANSFER_FAILED", HoldfastError.from(caught).message, { details, cause: caught });
  }
};
