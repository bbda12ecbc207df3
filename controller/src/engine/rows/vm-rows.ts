import * as z from "zod";

import type { Vm, VmDetails } from "../../hypervisor/inventory.ts";
import type { Level } from "../../hypervisor/level.ts";
import { collection, flag, level, number, stub } from "../values.ts";
import { snapshotRow } from "./capture-rows.ts";
import { attachmentRow } from "./disk-rows.ts";

/** `/vms` with disks inlined. */
export const vmRow = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string().default(""),
  status: z.string().default("unknown"),
  cluster: stub.optional(),
  host: stub.optional(),
  custom_compatibility_version: level.optional(),
  memory: number.default(0),
  origin: z.string().default(""),
  delete_protected: flag.default(false),
  disk_attachments: collection("disk_attachment", attachmentRow).optional(),
  snapshots: collection("snapshot", snapshotRow).optional(),
});
export type VmRow = z.output<typeof vmRow>;

/** Disks that the engine makes for itself while captures run are hidden. */
const isShown = ({ contentType }: { readonly contentType: string }): boolean => contentType !== "backup_scratch";

/** A VM in our words; its level is its own or its cluster's. */
export const toVm = (row: VmRow, levelOfCluster: Level): Vm => ({
  id: row.id,
  name: row.name,
  description: row.description,
  status: row.status,
  clusterId: row.cluster?.id ?? "",
  hostId: row.host?.id,
  level: row.custom_compatibility_version ?? levelOfCluster,
  memoryBytes: row.memory,
  isManager: row.origin === "managed_hosted_engine" || row.origin === "hosted_engine",
  deleteProtected: row.delete_protected,
  disks: (row.disk_attachments ?? []).filter(isShown),
});

/** A VM with its snapshots. */
export const toVmDetails = (row: VmRow, levelOfCluster: Level): VmDetails => ({
  ...toVm(row, levelOfCluster),
  snapshots: row.snapshots ?? [],
});
