import * as z from "zod";

/** A backup of a VM. */
const backupScope = z.object({
  v: z.literal(1),
  kind: z.literal("backup"),
  excludedDiskIds: z.array(z.string()),
  codec: z.string(),
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

/** What a task was created to do; never changes. */
export const taskScopeSchema = z.discriminatedUnion("kind", [backupScope, restoreVmScope, restoreDiskScope]);

/** What a task was created to do. */
export type TaskScope = z.output<typeof taskScopeSchema>;
/** The scope of a backup. */
export type BackupScope = z.output<typeof backupScope>;
/** The scope of a restore. */
export type RestoreScope = Exclude<TaskScope, BackupScope>;
