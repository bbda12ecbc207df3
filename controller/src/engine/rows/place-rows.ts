import * as z from "zod";

import type { Cluster, Host, StorageDomain } from "../../hypervisor/inventory.ts";
import { collection, flag, level, number, stub } from "../values.ts";

/** `/clusters` */
export const clusterRow = z
  .object({
    id: z.string(),
    name: z.string(),
    version: level.default({ major: 4, minor: 2 }),
    data_center: stub.optional(),
  })
  .transform((row): Cluster => ({ id: row.id, name: row.name, level: row.version, dataCenterId: row.data_center?.id }));

/** `/hosts` */
export const hostRow = z
  .object({
    id: z.string(),
    name: z.string(),
    address: z.string(),
    cluster: stub,
    status: z.string().default("unknown"),
  })
  .transform((row): Host => ({
    id: row.id,
    name: row.name,
    address: row.address,
    clusterId: row.cluster.id,
    status: row.status,
  }));

const bytesPerGib = 2 ** 30;

/** `/storagedomains`; the blocker is in GiB there. */
export const storageDomainRow = z
  .object({
    id: z.string(),
    name: z.string(),
    type: z.string().default("data"),
    storage: z.object({ type: z.string().default("") }).optional(),
    data_centers: collection("data_center", stub).optional(),
    data_center: stub.optional(),
    available: number.optional(),
    used: number.optional(),
    critical_space_action_blocker: number.optional(),
    backup: flag.default(false),
  })
  .transform((row): StorageDomain => ({
    id: row.id,
    name: row.name,
    type: row.type,
    storageType: row.storage?.type ?? "",
    dataCenterIds: (row.data_centers ?? (row.data_center === undefined ? [] : [row.data_center])).map(({ id }) => id),
    availableBytes: row.available,
    usedBytes: row.used,
    blockedBelowBytes:
      row.critical_space_action_blocker === undefined ? undefined : row.critical_space_action_blocker * bytesPerGib,
    forBackup: row.backup,
  }));

/** `/networks` */
export const networkRow = z.object({ id: z.string(), name: z.string(), data_center: stub.optional() });

/** `/vnicprofiles` */
export const vnicProfileRow = z.object({ id: z.string(), name: z.string(), network: stub.optional() });
