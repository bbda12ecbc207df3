import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import * as z from "zod";
import { captureKinds } from "../capture/capture-kind.ts";
import { capturePlanSchema } from "../sessions/backup-plan.ts";
import { remarkSchema } from "../sessions/remark.ts";
import { captureWaySchema, formerWay } from "./capture-way.ts";

const identity = {
  v: z.literal(1),
  captureId: z.string(),
  vmStatus: z.string(),
  vmName: z.string(),
  plan: capturePlanSchema,
  /** What the VM was when its disks were frozen; both are sealed for the attempt. */
  ovf: z.string(),
  configurationJson: z.string(),
  /** Storage domains that hold the disks that are frozen; unknown of what was prepared before they were kept. */
  domainIds: z.array(z.string()).optional(),
  /** The era of the manager in which it was planned. */
  era: z.number().default(0),
  /** How its disks are frozen. */
  way: captureWaySchema.default(formerWay),
  /** What the way there makes the task say. */
  remarks: z.array(remarkSchema).default([]),
};

/** Decided, journalled, and perhaps begun. */
const planned = z.object({ ...identity, stage: z.literal("planned") });

/** The capture's disks can be read. */
const ready = z.object({
  ...identity,
  stage: z.literal("ready"),
  kind: z.enum(captureKinds),
  /** The new checkpoint: a hope until the capture ends well; empty when nothing is tracked. */
  checkpointId: z.string(),
  /** The engine's snapshot of a hybrid capture, or our own; empty for none. */
  snapshotId: z.string(),
  hostId: z.string(),
  capturedMs: z.number(),
  /** The level that was reached. */
  consistency: z.enum(["offline", "filesystem", "crash"]).default("crash"),
});

const schema = z.discriminatedUnion("stage", [planned, ready]);

/** What was made ready for an attempt of a backup. */
export type PreparedBackup = z.output<typeof schema>;
/** A capture whose disks can be read. */
export type ReadyBackup = z.output<typeof ready>;

/** Reads `attempt.prepared`; null when nothing was prepared. */
export const parsePrepared = (prepared: unknown): PreparedBackup | null =>
  prepared === null ? null : schema.parse(prepared);

/** Like `parsePrepared`, null also for what was prepared for a restore or a copy. */
export const tryPrepared = (prepared: unknown): PreparedBackup | null => {
  const hasStage = typeof prepared === "object" && prepared !== null && "captureId" in prepared;
  return hasStage ? parsePrepared(prepared) : null;
};

/** The capture of an attempt that is ready; FAILED_PRECONDITION before. */
export const readyBackupOf = (prepared: unknown): ReadyBackup => {
  const parsed = parsePrepared(prepared);
  if (parsed?.stage === "ready") return parsed;
  throw new HoldfastError("FAILED_PRECONDITION", "the attempt's capture is not ready");
};
