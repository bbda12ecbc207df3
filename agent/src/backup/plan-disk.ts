import { hasCode } from "@holdfast/shared/errors/holdfast-error";
import { chunkCountOf, type ChunkSize } from "@holdfast/shared/format/chunk-size";
import type { DiskMode } from "@holdfast/shared/format/manifest-schema";
import type { DiskReader } from "../disks/disk-reader.ts";
import type { ExtentContext } from "../disks/extent.ts";
import type { ChunkMap } from "./chunk-map.ts";
import type { FoundReason } from "@holdfast/shared/format/found-reasons";
import { MissedChanges } from "./missed-changes.ts";
import { ChunkPlanner } from "./plan-chunks.ts";
import type { Remark } from "./remark.ts";

/** How a disk is to be read, and why. */
export interface ModeChoice {
  readonly mode: DiskMode;
  /** A stable word. */
  readonly reason: string;
}

/** What a plan is made from. */
export interface PlanRequest extends ModeChoice {
  readonly diskId: string;
  readonly chunkSize: ChunkSize;
  /** Size of the base's disk of the same id; undefined when there is none. */
  readonly baseSizeBytes: number | undefined;
  /** Read whole, but what changed since the base beside the changes that the host tells is to be found. */
  readonly checksTracking: boolean;
}

/** What is done with each chunk of a disk, with the mode that it really is. */
export interface DiskPlan extends ModeChoice {
  readonly map: ChunkMap;
  /** Chunks that the engine says changed. */
  readonly changedChunks: number;
  /** Set when the disk is read whole and the changes that the host tells are checked. */
  readonly missed?: MissedChanges | undefined;
  readonly remarks: readonly Remark[];
}

/** Reads a disk's extents and plans its chunks. An increment that cannot be one becomes a comparison (R3), with a remark. */
export const planDisk = async (request: PlanRequest, disk: DiskReader, signal: AbortSignal): Promise<DiskPlan> => {
  if (request.checksTracking && request.baseSizeBytes !== undefined)
    return await planCheck(request, request.baseSizeBytes, { disk, signal });
  if (request.mode !== "incremental") return await planInFull(request, disk, signal);
  if (request.baseSizeBytes === undefined) {
    const choice = { mode: "full", reason: "base-unusable" satisfies FoundReason } as const;
    const remark = {
      code: "BASE_UNUSABLE",
      message: "the base has no such disk: it was read in full",
      diskId: request.diskId,
    } as const;
    return { ...(await planInFull({ ...request, ...choice }, disk, signal)), remarks: [remark] };
  }
  try {
    return await planChanges(request, request.baseSizeBytes, { disk, signal });
  } catch (caught) {
    if (!hasCode(caught, "FAILED_PRECONDITION")) throw caught;
    const choice = { mode: "compare", reason: "no-dirty-context" satisfies FoundReason } as const;
    const remark = {
      code: "TRACKING_UNAVAILABLE",
      message: "the host told no changes: the disk was read in full and compared",
      diskId: request.diskId,
    } as const;
    return { ...(await planInFull({ ...request, ...choice }, disk, signal)), remarks: [remark] };
  }
};

/** Plans to read whatever is not zero. */
export const planInFull = async (request: PlanRequest, disk: DiskReader, signal: AbortSignal): Promise<DiskPlan> => {
  const map = await planBy("zero", request.chunkSize, { disk, signal });
  return { mode: request.mode, reason: request.reason, map, changedChunks: map.count("read"), remarks: [] };
};

/** Plans to read whatever is not zero, with the changes that the host tells beside it; a host that tells none costs the check. */
const planCheck = async (request: PlanRequest, baseSizeBytes: number, from: PlanInput): Promise<DiskPlan> => {
  const plan = await planInFull(request, from.disk, from.signal);
  try {
    const told = await planBy("dirty", request.chunkSize, from);
    const missed = new MissedChanges(told, coveredChunks(request, baseSizeBytes, from));
    return { ...plan, changedChunks: told.count("read") + told.count("zero"), missed };
  } catch (caught) {
    if (!hasCode(caught, "FAILED_PRECONDITION")) throw caught;
    const message = "the host told no changes: the disk was read in full, and its change tracking was not checked";
    return { ...plan, remarks: [{ code: "TRACKING_UNAVAILABLE", message, diskId: request.diskId }] };
  }
};

/** Chunks of which the base says all: its last, cut one is not among them when the disk has another size now. */
const coveredChunks = ({ chunkSize }: PlanRequest, baseSizeBytes: number, { disk }: PlanInput): number =>
  baseSizeBytes === disk.sizeBytes
    ? chunkCountOf(disk.sizeBytes, chunkSize)
    : Math.floor(Math.min(baseSizeBytes, disk.sizeBytes) / chunkSize);

/** Plans to read what changed; what the base does not cover, its last and cut chunk included, goes by what is zero. */
const planChanges = async (request: PlanRequest, baseSizeBytes: number, from: PlanInput): Promise<DiskPlan> => {
  const map = await planBy("dirty", request.chunkSize, from);
  if (baseSizeBytes !== from.disk.sizeBytes) {
    map.takeOver(await planBy("zero", request.chunkSize, from), coveredChunks(request, baseSizeBytes, from));
  }
  const changedChunks = map.count("read") + map.count("zero");
  return { mode: request.mode, reason: request.reason, map, changedChunks, remarks: [] };
};

interface PlanInput {
  readonly disk: DiskReader;
  readonly signal: AbortSignal;
}

const planBy = async (context: ExtentContext, chunkSize: ChunkSize, { disk, signal }: PlanInput): Promise<ChunkMap> => {
  const planner = new ChunkPlanner({ sizeBytes: disk.sizeBytes, chunkSize, context });
  for await (const extents of disk.extents(context, signal)) planner.add(extents);
  return planner.finish();
};
