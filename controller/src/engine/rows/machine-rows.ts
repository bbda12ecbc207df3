import * as z from "zod";
import type { MachineNic, Template } from "../../hypervisor/machines.ts";
import { number, stub } from "../values.ts";

/** `/templates` */
export const templateRow = z
  .object({
    id: z.string(),
    name: z.string(),
    status: z.string().default("ok"),
    version: z.object({ version_number: number.default(1) }).default({ version_number: 1 }),
  })
  .transform((row): Template => ({
    id: row.id,
    name: row.name,
    status: row.status,
    versionNumber: row.version.version_number,
  }));

/** `/vms/ID/nics` */
export const nicRow = z
  .object({ id: z.string(), name: z.string(), vnic_profile: stub.optional() })
  .transform((row): MachineNic => ({ id: row.id, name: row.name, vnicProfileId: row.vnic_profile?.id }));
