import * as z from "zod";
import { captureKinds } from "../capture/capture-kind.ts";
import type { CapturePlan } from "../capture/plan-disks.ts";
import { type Reason, reasons } from "../capture/reasons.ts";

const reasonWords = Object.keys(reasons) as [Reason, ...Reason[]];

const diskSchema = z.object({
  id: z.string(),
  alias: z.string(),
  sizeBytes: z.number(),
  format: z.enum(["cow", "raw"]),
  interface: z.string(),
  bootable: z.boolean(),
  active: z.boolean(),
  mode: z.enum(["incremental", "full", "compare", "unchanged", "skipped"]),
  reason: z.enum(reasonWords),
  checksTracking: z.boolean().default(false),
  besides: z.enum(reasonWords).optional(),
});

const captureRemarkSchema = z.object({
  level: z.enum(["notice", "warning"]),
  code: z.string(),
  message: z.string(),
  diskId: z.string(),
});

/** A capture plan as it is kept. */
export const capturePlanSchema = z
  .object({
    disks: z.array(diskSchema),
    fromCheckpointId: z.string().optional(),
    basePointId: z.string().optional(),
    remarks: z.array(captureRemarkSchema),
  })
  .transform((plan): CapturePlan => ({
    ...plan,
    fromCheckpointId: plan.fromCheckpointId,
    basePointId: plan.basePointId,
  }));

/** What a backup is to do, decided before the VM is touched; the engine may still turn a disk to another mode. */
export const backupPlanSchema = z.object({
  v: z.literal(1),
  captureKind: z.enum(captureKinds),
  /** Status of the VM when it was looked at. */
  vmStatus: z.string(),
  capture: capturePlanSchema,
  /** The level that was reached; empty before the disks are frozen. */
  consistency: z.string().default(""),
});

/** What a backup is to do. */
export type BackupPlan = z.output<typeof backupPlanSchema>;
