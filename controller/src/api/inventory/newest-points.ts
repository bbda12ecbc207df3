import type { PointSummary } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { isGoodPoint } from "../../repositories/newest-base.ts";
import type { ApiDeps } from "../api-deps.ts";

/** A good point with the repository that has it. */
export interface PlacedPoint {
  readonly point: PointSummary;
  readonly repositoryName: string;
}

/** The newest good point of each VM in any repository that answers, by `vmKeyText`. */
export const newestPoints = async (
  deps: Pick<ApiDeps, "repositories" | "log">,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, PlacedPoint>> => {
  const newest = new Map<string, PlacedPoint>();
  const lists = await Promise.all(deps.repositories.list().map((repository) => listQuietly(deps, repository, signal)));
  for (const { point, repositoryName } of lists.flat()) {
    const key = vmKeyText(point.vm?.engineInstanceId ?? "", point.vm?.vmId ?? "");
    const known = newest.get(key);
    if (isGoodPoint(point) && (known === undefined || point.capturedMs > known.point.capturedMs))
      newest.set(key, { point, repositoryName });
  }
  return newest;
};

/** A VM's identity as a key. */
export const vmKeyText = (engineInstanceId: string, vmId: string): string => `${engineInstanceId}/${vmId}`;

const listQuietly = async (
  deps: Pick<ApiDeps, "log">,
  repository: ReturnType<ApiDeps["repositories"]["get"]>,
  signal: AbortSignal,
): Promise<readonly PlacedPoint[]> => {
  try {
    return (await repository.listPoints({}, signal)).map((point) => ({ point, repositoryName: repository.name }));
  } catch (caught) {
    signal.throwIfAborted();
    deps.log.debug("a repository's points cannot be listed", { repository: repository.name, err: caught });
    return [];
  }
};
