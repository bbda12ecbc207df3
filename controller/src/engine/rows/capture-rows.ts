import * as z from "zod";

import type { Capture, Checkpoint } from "../../hypervisor/captures.ts";
import type { EngineEvent } from "../../hypervisor/events.ts";
import type { Snapshot } from "../../hypervisor/inventory.ts";
import { number, stub } from "../values.ts";

const phases = ["initializing", "starting", "ready", "finalizing", "succeeded", "failed", "unknown"] as const;

/** `/vms/ID/backups`; the VM's id is taken from the path when the row has none. */
export const captureRow = (vmId: string) =>
  z
    .object({
      id: z.string(),
      phase: z.enum(phases).catch("unknown"),
      description: z.string().default(""),
      from_checkpoint_id: z.string().optional(),
      to_checkpoint_id: z.string().optional(),
      host: stub.optional(),
      snapshot: stub.optional(),
      creation_date: number.optional(),
    })
    .transform((row): Capture => ({
      id: row.id,
      vmId,
      phase: row.phase,
      description: row.description,
      fromCheckpointId: row.from_checkpoint_id,
      toCheckpointId: row.to_checkpoint_id,
      hostId: row.host?.id,
      snapshotId: row.snapshot?.id,
      createdMs: row.creation_date,
    }));

/** `/vms/ID/checkpoints` */
export const checkpointRow = z
  .object({
    id: z.string(),
    parent_id: z.string().optional(),
    // Engines before 4.4.7 have no state: what they list exists.
    state: z
      .enum(["created", "invalid"])
      .default("created")
      .catch("other" as never),
    description: z.string().default(""),
    creation_date: number.optional(),
  })
  .transform((row): Checkpoint => ({
    id: row.id,
    parentId: row.parent_id,
    state: row.state,
    description: row.description,
    createdMs: row.creation_date,
  }));

/** `/vms/ID/snapshots` */
export const snapshotRow = z
  .object({
    id: z.string(),
    snapshot_type: z.enum(["active", "regular", "stateless", "preview", "other"]).catch("other"),
    snapshot_status: z.string().default("ok"),
    description: z.string().default(""),
    date: number.optional(),
  })
  .transform((row): Snapshot => ({
    id: row.id,
    type: row.snapshot_type,
    status: row.snapshot_status,
    description: row.description,
    createdMs: row.date,
  }));

/** `/events` */
export const eventRow = z
  .object({
    id: z.string(),
    index: number.optional(),
    code: number.default(0),
    severity: z.string().default("normal"),
    time: number.optional(),
    description: z.string().default(""),
    correlation_id: z.string().optional(),
    vm: stub.optional(),
  })
  .transform((row): EngineEvent => ({
    index: row.index ?? Number(row.id),
    code: row.code,
    severity: row.severity,
    timeMs: row.time,
    description: row.description,
    correlationId: row.correlation_id,
    vmId: row.vm?.id,
  }));
