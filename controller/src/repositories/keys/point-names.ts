import type { PointSummary } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import type { SealedPart } from "@holdfast/shared/format/manifest-schema";
import { mapBounded } from "@holdfast/shared/lifecycle/bounded";
import type { Logger } from "@holdfast/shared/logging/logger";
import type { RepositoryConnection } from "../repository-connection.ts";
import type { Keyring } from "./keyring.ts";

type Names = Pick<SealedPart, "vmName" | "jobName" | "diskAliases">;

/** Points whose names are remembered; a manifest never changes. */
const mostRemembered = 100_000;
const readsAtOnce = 8;

/** Names of points that a repository has only sealed: each manifest is read once, and opened here. */
export class PointNames {
  readonly #keys: Keyring;
  readonly #log: Logger;
  readonly #names = new Map<string, Names>();

  constructor(keys: Keyring, log: Logger) {
    this.#keys = keys;
    this.#log = log;
  }

  /** The same points with their names, where they can be read; as they are where nothing is sealed or the key is missing. */
  async fill(
    repository: RepositoryConnection,
    points: readonly PointSummary[],
    signal: AbortSignal,
  ): Promise<readonly PointSummary[]> {
    if (this.#keys.find(repository.repositoryId) === undefined) return points;
    return await mapBounded(points, readsAtOnce, (point) => this.#withNames(repository, point, signal), signal);
  }

  async #withNames(repository: RepositoryConnection, point: PointSummary, signal: AbortSignal): Promise<PointSummary> {
    const names = this.#names.get(point.pointId) ?? (await this.#read(repository, point.pointId, signal));
    return names === undefined ? point : withNames(point, names);
  }

  async #read(repository: RepositoryConnection, pointId: string, signal: AbortSignal): Promise<Names | undefined> {
    try {
      const { manifest } = await repository.getPoint(pointId, signal);
      const { vmName, jobName, diskAliases } = (await this.#keys.openManifest(repository, manifest, signal)).sealed;
      if (this.#names.size >= mostRemembered) this.#names.clear();
      const names = { vmName, jobName, diskAliases };
      this.#names.set(pointId, names);
      return names;
    } catch (err) {
      signal.throwIfAborted();
      this.#log.warn("the names of a point cannot be read", {
        repository: repository.repositoryId,
        point: pointId,
        err,
      });
      return undefined;
    }
  }
}

/** A summary with the names that its manifest has sealed. */
export const withNames = (point: PointSummary, { vmName, jobName, diskAliases }: Names): PointSummary => ({
  ...point,
  vmName,
  jobName,
  disks: point.disks.map((disk) => ({ ...disk, alias: diskAliases[disk.diskId] ?? "" })),
});
