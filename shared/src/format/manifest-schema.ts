import { z } from "zod";
import { idSize } from "./content-id.ts";

/** The version of both JSON parts of a manifest that this code writes. */
export const manifestSchemaVersion = 1;

const bytes = z.int().nonnegative();
const epochMs = z.int().nonnegative();
const text = (longest: number) => z.string().max(longest);
const name = z.string().min(1).max(255);

/** Task ids, which are also point ids (R5). */
export const pointIdSchema = z.string().regex(/^[0-9a-z]{1,24}$/);

/** The VM that a point is of: an id that lives as long as the engine's database. */
export const vmKeySchema = z.strictObject({ engineInstanceId: name, vmId: name });
export type VmKey = z.infer<typeof vmKeySchema>;

/** One try of a task: `number` counts from 1, `attemptId` tells two of one number apart. */
export const attemptSchema = z.strictObject({
  taskId: pointIdSchema,
  number: z.int().min(1).max(0xffff_ffff),
  attemptId: z.string().regex(/^[0-9A-Za-z_-]{1,64}$/),
});
export type AttemptRef = z.infer<typeof attemptSchema>;

/** How a disk was read. */
export const diskModeSchema = z.enum(["incremental", "full", "compare", "unchanged", "skipped"]);
export type DiskMode = z.infer<typeof diskModeSchema>;

/** The point that a copy was made of, where it was first committed: a copy of a copy names the first one. */
export const originSchema = z.strictObject({ repositoryId: z.uuid({ version: "v4" }), pointId: pointIdSchema });
export type Origin = z.infer<typeof originSchema>;

/** One disk in the clear part. */
const clearDiskSchema = z.strictObject({
  diskId: name,
  /** Virtual size; the last chunk is clipped to it. */
  sizeBytes: bytes,
  /** Root page of the disk, 64 hexadecimal digits; zeros for a disk of zeros and for a skipped one. */
  root: z.string().regex(new RegExp(`^[0-9a-f]{${idSize * 2}}$`)),
  mode: diskModeSchema,
  /** Why this mode: a stable word. */
  reason: text(64),
  /** cow or raw, on the engine. */
  format: text(32),
  /** The bus: virtio, virtio_scsi … */
  interface: text(32),
  bootable: z.boolean(),
  active: z.boolean(),
  /** Bytes of one bit of the engine's change tracking; null where there was none or it was not told. */
  granularityBytes: bytes.nullable(),
});

/** R8, in plain bytes of whole chunks: planned = zero + unchanged + deduplicated + stored; the rest is told apart. */
export const statisticsSchema = z.strictObject({
  plannedBytes: bytes,
  zeroBytes: bytes,
  unchangedBytes: bytes,
  deduplicatedBytes: bytes,
  storedBytes: bytes,
  changedBytes: bytes,
  readBytes: bytes,
  sampledBytes: bytes,
  packedBytes: bytes,
});
export type Statistics = z.infer<typeof statisticsSchema>;

/** Nothing counted. */
export const noStatistics: Readonly<Statistics> = {
  plannedBytes: 0,
  zeroBytes: 0,
  unchangedBytes: 0,
  deduplicatedBytes: 0,
  storedBytes: 0,
  changedBytes: 0,
  readBytes: 0,
  sampledBytes: 0,
  packedBytes: 0,
};

/** The part that stays readable without a key: what collection, retention and verification need. */
export const clearPartSchema = z.strictObject({
  schema: z.literal(manifestSchemaVersion),
  attempt: attemptSchema,
  vm: vmKeySchema,
  installationId: text(64),
  jobId: text(64),
  sessionId: text(64),
  /** The point that this one built on; null for none. */
  basePointId: pointIdSchema.nullable(),
  /** Null for a point that was backed up into this repository. */
  origin: originSchema.nullable(),
  chunkSize: bytes,
  sessionStartedMs: epochMs,
  capturedMs: epochMs,
  /** Day of the session in the job's zone, YYYY-MM-DD. */
  calendarDay: z.string().regex(/^(\d{4}-\d{2}-\d{2})?$/),
  /** oVirt's checkpoint of this point; null for none. */
  checkpointId: name.nullable(),
  /** hybrid, live, cold or snapshot. */
  capture: text(32),
  /** crash or filesystem. */
  consistency: text(32),
  disks: z.array(clearDiskSchema).max(1024),
  statistics: statisticsSchema,
});
export type ClearPart = z.infer<typeof clearPartSchema>;
export type ClearDisk = z.infer<typeof clearDiskSchema>;

/** The part that is sealed where a repository is encrypted: names and configuration. */
export const sealedPartSchema = z.strictObject({
  schema: z.literal(manifestSchemaVersion),
  vmName: text(255),
  jobName: text(255),
  managerName: text(255),
  clusterName: text(255),
  /** Alias by disk id. */
  diskAliases: z.record(name, text(255)),
  /** The VM's OVF as the engine gave it. */
  ovf: z.string(),
  /** The VM's configuration in our words: the text of a JSON document. */
  configurationJson: z.string(),
});
export type SealedPart = z.infer<typeof sealedPartSchema>;
