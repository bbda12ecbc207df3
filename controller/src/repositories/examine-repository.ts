import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Check, ExaminationSchema } from "@holdfast/proto/holdfast/doctor/v1/doctor_pb";
import type { RepositoryService } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import type { Clock } from "@holdfast/shared/clock/clock";
import type { ClockReading } from "@holdfast/shared/doctor/clock-finding";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { CallOptions, ServiceClient } from "@holdfast/shared/rpc/client-types";

/** What a repository said of itself. */
export interface FoundByRepository {
  readonly clock: ClockReading;
  readonly version: string;
  readonly trustNumber: number;
  readonly checks: readonly Check[];
}

/** Asks a repository to examine itself, and measures its clock by its first answer. */
export const askToExamine = async (
  service: ServiceClient<typeof RepositoryService>,
  { examination, clock }: { examination: MessageInitShape<typeof ExaminationSchema>; clock: Clock },
  options: CallOptions,
): Promise<FoundByRepository> => {
  // The connection is made by this, so that making it does not count into the round trip.
  await service.getRepository({}, options);
  const askedMs = clock.nowMs();
  const startedMs = clock.monotonicMs();
  let opening: Omit<FoundByRepository, "checks"> | undefined;
  const checks: Check[] = [];
  for await (const answer of service.examine({ examination }, options)) {
    opening ??= {
      clock: { askedMs, roundTripMs: clock.monotonicMs() - startedMs, toldMs: Number(answer.clockMs) },
      version: answer.version,
      trustNumber: answer.trustNumber,
    };
    checks.push(...answer.checks);
  }
  if (opening === undefined) throw new HoldfastError("INTERNAL", "a repository examined itself and said nothing");
  return { ...opening, checks };
};
