import type { MessageInitShape } from "@bufbuild/protobuf";
import type { VerificationCoverageSchema } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { VerificationProgress } from "../verification/verification.ts";
import type { ServiceDeps } from "./deps.ts";
import type { Calls } from "./types.ts";

/** Reads packs back within a budget, and tells how far it is (V1–V4). */
export const verifyRepository = (deps: ServiceDeps): Calls["verifyRepository"] =>
  async function* ({ budgetBytes }, { signal, closing }) {
    if (budgetBytes < 0n) throw new HoldfastError("INVALID_ARGUMENT", `${budgetBytes} bytes are no budget`);
    const until = AbortSignal.any([signal, closing]);
    let last: VerificationProgress | undefined;
    for await (const progress of deps.verification.run(Number(budgetBytes), until)) {
      if (last) yield toMessage(last, deps);
      last = progress;
    }
    if (last) yield { ...toMessage(last, deps), yielding: false, coverage: await toCoverage(deps) };
  };

const toMessage = (progress: VerificationProgress, { slots }: ServiceDeps) => ({
  packsTotal: progress.packsTotal,
  packsDone: progress.packsDone,
  bytesTotal: BigInt(progress.bytesTotal),
  bytesDone: BigInt(progress.bytesDone),
  recordsVerified: BigInt(progress.recordsVerified),
  recordsDamaged: BigInt(progress.recordsDamaged),
  recordsMissing: BigInt(progress.recordsMissing),
  packsUnreachable: progress.packsUnreachable,
  pointsHurt: progress.pointsHurt,
  yielding: slots.taken > 0,
});

/** How much was read back lately, as calls tell it. */
export const toCoverage = async ({
  verification,
  verifyWithinDays,
}: Pick<ServiceDeps, "verification" | "verifyWithinDays">): Promise<
  MessageInitShape<typeof VerificationCoverageSchema>
> => {
  const { readBytes, freshBytes, overdueBytes, oldestMs } = await verification.coverage();
  return {
    readBytes: BigInt(readBytes),
    freshBytes: BigInt(freshBytes),
    overdueBytes: BigInt(overdueBytes),
    oldestMs: BigInt(oldestMs),
    withinDays: verifyWithinDays,
  };
};
