import { type ChunkSize, chunkCountOf } from "@holdfast/shared/format/chunk-size";
import { fromHex } from "@holdfast/shared/format/content-id";
import type { AttemptRef, ClearDisk, Origin, Statistics, VmKey } from "@holdfast/shared/format/manifest-schema";
import { type TreeShape, treeShape } from "@holdfast/shared/format/page-tree";
import type { MarkState } from "../store/mark.ts";
import type { StoredPoint } from "../store/repository-store.ts";

/** A disk of a point, with its tree. */
export interface CatalogDisk {
  readonly diskId: string;
  /** Empty where it is sealed. */
  readonly alias: string;
  readonly sizeBytes: number;
  readonly mode: ClearDisk["mode"];
  readonly reason: string;
  /** Undefined for a skipped disk, which has no content here. */
  readonly tree: DiskTree | undefined;
}

/** Where the content of a disk begins. */
export interface DiskTree {
  readonly root: Uint8Array;
  readonly shape: TreeShape;
}

/** What the catalog keeps in memory of a point: everything but its configuration. */
export interface CatalogPoint {
  readonly pointId: string;
  readonly attempt: AttemptRef;
  readonly vm: VmKey;
  /** Names are empty where they are sealed. */
  readonly vmName: string;
  readonly jobId: string;
  readonly jobName: string;
  readonly sessionId: string;
  readonly installationId: string;
  readonly sessionStartedMs: number;
  readonly capturedMs: number;
  readonly committedMs: number;
  /** Until when nobody may remove it: the later of what its commit and its marks say. */
  readonly immutableUntilMs: number | undefined;
  readonly calendarDay: string;
  readonly basePointId: string | undefined;
  /** Of a copy: what it is a copy of. */
  readonly origin: Origin | undefined;
  readonly checkpointId: string | undefined;
  readonly disks: readonly CatalogDisk[];
  readonly statistics: Statistics;
  readonly marked: MarkState;
}

/** The disks of a manifest's clear part, with their trees. */
export const catalogDisks = (
  disks: readonly ClearDisk[],
  aliases: Readonly<Record<string, string>>,
  chunkSize: ChunkSize,
): CatalogDisk[] =>
  disks.map(({ diskId, sizeBytes, mode, reason, root }) => ({
    diskId,
    alias: aliases[diskId] ?? "",
    sizeBytes,
    mode,
    reason,
    tree:
      mode === "skipped" ? undefined : { root: fromHex(root), shape: treeShape(chunkCountOf(sizeBytes, chunkSize)) },
  }));

/** What the catalog keeps of a stored point and its marks. */
export const toCatalogPoint = (point: StoredPoint, marked: MarkState, chunkSize: ChunkSize): CatalogPoint => {
  const { clear, sealed } = point.manifest;
  return {
    pointId: point.pointId,
    attempt: clear.attempt,
    vm: clear.vm,
    vmName: sealed?.vmName ?? "",
    jobId: clear.jobId,
    jobName: sealed?.jobName ?? "",
    sessionId: clear.sessionId,
    installationId: clear.installationId,
    sessionStartedMs: clear.sessionStartedMs,
    capturedMs: clear.capturedMs,
    committedMs: point.commit.committedMs,
    immutableUntilMs: laterOf(point.commit.immutableUntilMs, marked.immutableUntilMs),
    calendarDay: clear.calendarDay,
    basePointId: clear.basePointId ?? undefined,
    origin: clear.origin ?? undefined,
    checkpointId: clear.checkpointId ?? undefined,
    disks: catalogDisks(clear.disks, sealed?.diskAliases ?? {}, chunkSize),
    statistics: { ...clear.statistics, ...point.commit.counted },
    marked,
  };
};

/** True while no chunk or page that the point needs is known missing or damaged (K2). */
export const isGood = ({ marked }: CatalogPoint): boolean => (marked.verified?.damaged.length ?? 0) === 0;

/** True for a point that was marked deleted. */
export const isRemoved = ({ marked }: CatalogPoint): boolean => marked.removed !== null;

/** True for the same VM: engine instance and VM id agree. */
export const isSameVm = (a: VmKey, b: VmKey): boolean => a.engineInstanceId === b.engineInstanceId && a.vmId === b.vmId;

/** The later of two times of which either may be unset. */
export const laterOf = (a: number | null | undefined, b: number | null | undefined): number | undefined => {
  const times = [a, b].filter((time) => typeof time === "number");
  return times.length === 0 ? undefined : Math.max(...times);
};
