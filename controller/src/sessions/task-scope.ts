import * as z from "zod";
import { wholeReads } from "../capture/whole-read.ts";
import { capturePolicySchema, defaultCapturePolicy } from "../capture/capture-policy.ts";

/** A backup of a VM. */
const backupScope = z.object({
  v: z.literal(1),
  kind: z.literal("backup"),
  excludedDiskIds: z.array(z.string()),
  codec: z.string(),
  /** Set when everything is to be read, whatever tracking tells. */
  wholeRead: z.enum(wholeReads).optional(),
  /** Unchanged chunks to read and compare per disk; what the installation's settings say unless the job says otherwise. */
  sampleChunks: z.number().int().positive().optional(),
  capture: capturePolicySchema.default(defaultCapturePolicy),
});

/** Storage domains that the disks were going to when the restore was asked for: they count against limits. */
const targetDomainIds = z.array(z.string()).default([]);

/** A new VM with every disk of a point. */
const restoreVmScope = z.object({
  v: z.literal(1),
  kind: z.literal("restore-vm"),
  pointId: z.string(),
  name: z.string(),
  /** Empty: each disk goes where its original was. */
  storageDomainId: z.string(),
  targetDomainIds,
  start: z.boolean(),
  keepMacs: z.boolean(),
});

/** One disk of a point as a new disk that no VM has. */
const restoreDiskScope = z.object({
  v: z.literal(1),
  kind: z.literal("restore-disk"),
  pointId: z.string(),
  diskId: z.string(),
  alias: z.string(),
  storageDomainId: z.string(),
  targetDomainIds,
});

/** One point of another repository, as a point of the task's own repository. */
const copyScope = z.object({
  v: z.literal(1),
  kind: z.literal("copy"),
  /** In the source. */
  pointId: z.string(),
  sourceRepositoryId: z.string(),
  /** The VM that the point is of. */
  vmId: z.string(),
  /** Where the point was first committed: the source, unless the point is a copy itself. */
  originRepositoryId: z.string(),
  originPointId: z.string(),
  codec: z.string(),
});

/** What a task was created to do; never changes. */
export const taskScopeSchema = z.discriminatedUnion("kind", [backupScope, restoreVmScope, restoreDiskScope, copyScope]);

/** What a task was created to do. */
export type TaskScope = z.output<typeof taskScopeSchema>;
/** The scope of a backup. */
export type BackupScope = z.output<typeof backupScope>;
/** The scope of a copy. */
export type CopyScope = z.output<typeof copyScope>;
/** The scope of a restore. */
export type RestoreScope = Exclude<TaskScope, BackupScope | CopyScope>;

/** True for work that writes to an engine. */
export const isRestoreScope = (scope: TaskScope): scope is RestoreScope =>
  scope.kind === "restore-vm" || scope.kind === "restore-disk";
