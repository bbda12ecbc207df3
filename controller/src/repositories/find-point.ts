import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";
import type { PointWithManifest, RepositoryConnection } from "./repository-connection.ts";

/** A point with the repository that has it. */
export interface FoundPoint extends PointWithManifest {
  readonly repository: RepositoryConnection;
}

/** Finds a point in whichever repository has it; one that cannot be asked is an error only when no other has it. POINT_NOT_FOUND for none. */
export const findPoint = async (
  repositories: readonly RepositoryConnection[],
  pointId: string,
  signal: AbortSignal,
): Promise<FoundPoint> => {
  let unreachable: unknown;
  for (const repository of repositories) {
    try {
      return { repository, ...(await repository.getPoint(pointId, signal)) };
    } catch (caught) {
      if (hasCode(caught, "REPOSITORY_UNREACHABLE")) unreachable = caught;
      else if (!hasCode(caught, "POINT_NOT_FOUND")) throw caught;
    }
  }
  if (unreachable !== undefined) throw unreachable;
  throw new HoldfastError("POINT_NOT_FOUND", `no point ${pointId} in any repository`, { details: { point: pointId } });
};
