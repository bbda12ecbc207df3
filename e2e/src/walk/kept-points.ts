import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { PointSummary } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { type Fingerprint, differenceOf, fingerprintOf } from "../harness/fingerprint.ts";
import type { PointReader } from "../harness/point-reader.ts";
import type { GroundVm } from "./ground.ts";

/** A point that is to be there, with what the lab saw of its disks. */
export interface KeptPoint {
  readonly pointId: string;
  readonly vmId: string;
  readonly disks: ReadonlyMap<string, Fingerprint>;
}

/** A point that a session made, and the disks that the VM had then. */
export interface MadePoint {
  readonly pointId: string;
  readonly diskIds: readonly string[];
}

/** Every point that is to be there, oldest first. */
export class KeptPoints {
  #points: readonly KeptPoint[] = [];

  /** Those of a VM, newest first. */
  of(vmId: string): readonly KeptPoint[] {
    return this.#points.filter((one) => one.vmId === vmId).toReversed();
  }

  /**
   * Takes a point that a session made, with the newest copy of the VM's disks: no attempt follows the one that committed. Fails when it
   * was not made of all the disks that the model knows. Forgets the copies; call it while no backup of the VM runs.
   */
  async keep(vm: GroundVm, { pointId, diskIds }: MadePoint): Promise<void> {
    const folder = await newestFolder(vm.copiesDir);
    const disks = new Map<string, Fingerprint>();
    for (const file of await readdir(folder))
      disks.set(file.replace(/\.raw$/, ""), await fingerprintOf(join(folder, file)));
    expectAll(pointId, [...disks.keys()], diskIds);
    this.#points = [...this.#points, { pointId, vmId: vm.id, disks }];
    await forgetCopies(vm);
  }

  forget(pointId: string): void {
    this.#points = this.#points.filter((one) => one.pointId !== pointId);
  }

  /** Sees that the repository lists exactly these points, and answers them as it lists them. */
  async list(reader: PointReader): Promise<ReadonlyMap<string, PointSummary>> {
    const listed = new Map((await reader.list()).map((point) => [point.pointId, point]));
    const wanted = this.#points.map(({ pointId }) => pointId);
    const lost = wanted.filter((id) => !listed.has(id));
    const strange = [...listed.keys()].filter((id) => !wanted.includes(id));
    if (lost.length + strange.length > 0)
      throw new Error(`lost points: ${lost.join(", ")}; points of no step: ${strange.join(", ")}`);
    return listed;
  }
}

const expectAll = (pointId: string, captured: readonly string[], diskIds: readonly string[]): void => {
  const [seen, wanted] = [captured, diskIds].map((ids) => [...ids].sort().join(", "));
  if (seen !== wanted) throw new Error(`point ${pointId} was made of disks ${seen}, the VM had ${wanted}`);
};

/** Forgets the lab's copies of a VM's backups. */
export const forgetCopies = async ({ copiesDir }: GroundVm): Promise<void> => {
  await rm(copiesDir, { recursive: true, force: true });
  await mkdir(copiesDir, { recursive: true });
};

const newestFolder = async (directory: string): Promise<string> => {
  let newest: { readonly path: string; readonly birthtimeMs: number } | undefined;
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    const { birthtimeMs } = await stat(path);
    if (newest === undefined || birthtimeMs > newest.birthtimeMs) newest = { path, birthtimeMs };
  }
  if (newest === undefined) throw new Error(`no backup of ${directory} was copied`);
  return newest.path;
};

/** Reads every disk of a point back, chunk by chunk, and compares it with what the lab saw (R1). */
export const expectWhole = async (reader: PointReader, kept: KeptPoint, listed: PointSummary): Promise<void> => {
  const inPoint = listed.disks.filter(({ mode }) => mode !== "skipped").map(({ diskId }) => diskId);
  const missing = [...kept.disks.keys()].filter((id) => !inPoint.includes(id));
  if (missing.length > 0) throw new Error(`point ${kept.pointId} lacks disks ${missing.join(", ")}`);
  for (const diskId of inPoint) {
    const reference = kept.disks.get(diskId);
    if (reference === undefined) throw new Error(`disk ${diskId} of point ${kept.pointId} was in no capture`);
    const difference = differenceOf(await reader.read(listed, diskId), reference);
    if (difference !== undefined)
      throw new Error(`disk ${diskId} of point ${kept.pointId} is not what it was: ${difference}`);
  }
};
