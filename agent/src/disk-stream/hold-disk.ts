import { DiskService } from "@holdfast/proto/holdfast/disk/v1/disk_pb";
import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";
import { type Lender, openLenderClient } from "./lender.ts";
import { holdStream } from "@holdfast/shared/rpc/hold-stream";

/** A loan that the controller named. */
export interface Loan {
  readonly lender: Lender;
  readonly loanId: string;
  readonly taskId: string;
  readonly attemptId: string;
  readonly diskId: string;
}

/** A disk that another agent keeps open for us until this is disposed. */
export interface HeldDisk extends AsyncDisposable {
  readonly openDiskId: string;
  readonly sizeBytes: number;
  readonly maxReaders: number;
}

/** Opens a lent disk at the agent that serves it. NO_ROUTE_TO_DISK when that agent cannot be reached. */
export const holdDisk = async (loan: Loan, signal: AbortSignal): Promise<HeldDisk> => {
  await using opening = new AsyncDisposableStack();
  const client = opening.use(openLenderClient(loan.lender));
  const { loanId, taskId, attemptId, diskId } = loan;
  const calls = client.service(DiskService);
  const { first, held } = await hold(loan, () =>
    holdStream((open) => calls.openDisk({ loanId, taskId, attemptId, diskId }, { signal: open }), signal),
  );
  opening.use(held);
  if (first === undefined)
    throw new HoldfastError("STREAM_REFUSED", `the agent at ${loan.lender.address} opened no disk`);
  const { openDiskId, sizeBytes, maxReaders } = first;
  const resources = opening.move();
  return {
    openDiskId,
    sizeBytes: Number(sizeBytes),
    maxReaders: Math.max(1, maxReaders),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
};

const hold = async <Held>({ lender: { address }, diskId }: Loan, open: () => Promise<Held>): Promise<Held> => {
  try {
    return await open();
  } catch (cause) {
    if (!hasCode(cause, "UNAVAILABLE")) throw cause;
    throw new HoldfastError(
      "NO_ROUTE_TO_DISK",
      `the agent at ${address} that serves disk ${diskId} cannot be reached`,
      { cause },
    );
  }
};
