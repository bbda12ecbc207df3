import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { PointHealth, type PointSummary } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { type Fingerprint, differenceOf, fingerprintOf } from "./fingerprint.ts";
import type { Lab } from "./lab.ts";
import { openPointReader, type PointReader, type RepositoryDoor } from "./point-reader.ts";

/** What the lab saw at the `ready` of every backup of a VM, whichever of them became points. */
export interface References {
  readonly vmId: string;
  /** What the disk was when the point's capture was ready. */
  readonly of: (point: PointSummary, diskId: string) => Promise<Fingerprint>;
  /** Forgets the copies that no point needed; call it while no backup runs. */
  readonly prune: () => Promise<void>;
}

/** Has the lab copy the disks of every backup of the VM; keeps fingerprints in place of the copies. */
export const keepReferences = async (lab: Lab, directory: string, vmId: string): Promise<References> => {
  const fingerprints = new Map<string, Fingerprint>();
  /** Folders by points that were read from a snapshot of ours. */
  const snapshots = new Map<string, string>();
  const snapshotOf = async (pointId: string): Promise<string> => {
    const folder = snapshots.get(pointId) ?? (await folderOfSnapshot(directory, pointId));
    snapshots.set(pointId, folder);
    return folder;
  };
  await mkdir(directory, { recursive: true });
  await lab.control.copyEveryReady(vmId, directory);
  return {
    vmId,
    of: async ({ checkpointId, pointId }, diskId) => {
      const path = join(directory, checkpointId || (await snapshotOf(pointId)), `${diskId}.raw`);
      const known = fingerprints.get(path) ?? (await fingerprintOf(path));
      fingerprints.set(path, known);
      return known;
    },
    prune: async () => {
      await rm(directory, { recursive: true, force: true });
      await mkdir(directory, { recursive: true });
    },
  };
};

/** That of the snapshot from which a point was made: the one of its task's last attempt, as its mark (R6) says. */
const folderOfSnapshot = async (directory: string, pointId: string): Promise<string> => {
  let last: { readonly name: string; readonly attempt: number } | undefined;
  for (const name of await readdir(directory)) {
    const [, , task, attempt = ""] = decodeURIComponent(name).split("/");
    const number = Number.parseInt(attempt, 10);
    if (task === pointId && number > (last?.attempt ?? 0)) last = { name, attempt: number };
  }
  if (last === undefined) throw new Error(`the lab saw no snapshot of point ${pointId}`);
  return last.name;
};

/**
 * Reads every point of the VM back and compares it with its reference (R1); answers them, oldest first. Fails when one of
 * `committed`, ids of points that were there before, is missing.
 */
export const expectPointsIntact = async (
  door: RepositoryDoor,
  references: References,
  committed: Iterable<string> = [],
): Promise<readonly PointSummary[]> => {
  await using reader = await openPointReader(door);
  const points = (await reader.list()).filter(({ vm }) => vm?.vmId === references.vmId);
  for (const id of committed)
    if (!points.some(({ pointId }) => pointId === id)) throw new Error(`committed point ${id} is lost`);
  for (const point of points) await expectPointIntact(reader, references, point);
  return points;
};

/** Reads one point back and compares every disk with its reference. */
export const expectPointIntact = async (
  reader: PointReader,
  references: References,
  point: PointSummary,
): Promise<void> => {
  for (const { diskId } of point.disks) {
    const difference = differenceOf(await reader.read(point, diskId), await references.of(point, diskId));
    if (difference !== undefined)
      throw new Error(`disk ${diskId} of point ${point.pointId} is not its reference: ${difference}`);
  }
};

/** Checkpoints that may stay: those that the newest good points name, at most one for each VM. */
export const neededCheckpoints = (points: readonly PointSummary[]): readonly string[] => {
  const newest = new Map<string, PointSummary>();
  for (const point of points) {
    if (point.health !== PointHealth.GOOD) continue;
    const vmId = point.vm?.vmId ?? "";
    const former = newest.get(vmId);
    if (former === undefined || former.committedMs <= point.committedMs) newest.set(vmId, point);
  }
  return [...newest.values()].map(({ checkpointId }) => checkpointId);
};
