import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";

/** The code with which work failed; `none` when it did not, the error's text when it is none of ours. */
export const codeOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return "none";
  } catch (caught) {
    return caught instanceof HoldfastError ? caught.code : String(caught);
  }
};
