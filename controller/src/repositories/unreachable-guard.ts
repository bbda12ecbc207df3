import type { Clock } from "@holdfast/shared/clock/clock";
import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";
import type { RepositoryRecord } from "./repository-record.ts";

/** Wraps calls to one repository: names its failure, and for a moment after one fails the next at once. */
export interface UnreachableGuard {
  call<T>(attempt: () => Promise<T>): Promise<T>;
}

/** How long a repository that could not be reached is not asked again. */
const restMs = 2_000;

export const createUnreachableGuard = (
  record: Pick<RepositoryRecord, "name" | "address" | "repositoryId">,
  clock: Clock,
): UnreachableGuard => {
  let restsUntilMs = Number.NEGATIVE_INFINITY;
  const unreachable = (cause?: unknown): HoldfastError =>
    new HoldfastError("REPOSITORY_UNREACHABLE", `repository ${record.name} cannot be reached at ${record.address}`, {
      details: { repository: record.repositoryId, address: record.address },
      ...(cause === undefined ? {} : { cause }),
    });
  return {
    call: async (attempt) => {
      if (clock.monotonicMs() < restsUntilMs) throw unreachable();
      try {
        return await attempt();
      } catch (caught) {
        if (!hasCode(caught, "UNAVAILABLE", "TIMEOUT")) throw caught;
        restsUntilMs = clock.monotonicMs() + restMs;
        throw unreachable(caught);
      }
    },
  };
};
