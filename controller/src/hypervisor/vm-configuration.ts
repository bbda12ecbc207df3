import { z } from "zod";

import { belongingsSchema, initializationSchema } from "./vm-settings.ts";

/** A NIC of a saved VM; restores find its profile by the two names. */
const nicSchema = z.object({
  name: z.string(),
  interface: z.string(),
  mac: z.string().optional(),
  profileName: z.string().optional(),
  networkName: z.string().optional(),
  linked: z.boolean(),
  plugged: z.boolean(),
});

/** A disk of a saved VM. */
const diskSchema = z.object({
  id: z.string(),
  alias: z.string(),
  sizeBytes: z.number(),
  format: z.enum(["cow", "raw"]),
  sparse: z.boolean(),
  interface: z.string(),
  bootable: z.boolean(),
  active: z.boolean(),
  readOnly: z.boolean(),
  wipeAfterDelete: z.boolean(),
  incrementalEnabled: z.boolean(),
  passDiscard: z.boolean().optional(),
  description: z.string().optional(),
  storageDomainId: z.string().optional(),
  storageDomainName: z.string().optional(),
});

/**
 * A VM's configuration in our words, as it stands in a point's manifest (JSON). `v` is its schema version; what the
 * engine did not say is absent. The OVF beside it holds what these words cannot.
 */
export const vmConfigurationSchema = z.object({
  v: z.literal(1),
  id: z.string(),
  name: z.string(),
  description: z.string(),
  comment: z.string().optional(),
  /** `server`, `desktop`, `high_performance`. */
  type: z.string().optional(),
  memoryBytes: z.number(),
  memoryGuaranteedBytes: z.number().optional(),
  memoryMaxBytes: z.number().optional(),
  cpu: z.object({ sockets: z.number(), cores: z.number(), threads: z.number(), architecture: z.string().optional() }),
  biosType: z.string().optional(),
  osType: z.string().optional(),
  bootDevices: z.array(z.string()),
  customEmulatedMachine: z.string().optional(),
  customCpuModel: z.string().optional(),
  customLevel: z.string().optional(),
  tpmEnabled: z.boolean().optional(),
  highlyAvailable: z.boolean().optional(),
  deleteProtected: z.boolean().optional(),
  timeZone: z.string().optional(),
  clusterId: z.string(),
  clusterName: z.string().optional(),
  customProperties: z.array(z.object({ name: z.string(), value: z.string() })),
  /** Further single values, by the names of `vmSettings`. */
  settings: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  initialization: initializationSchema.optional(),
  belongings: belongingsSchema.optional(),
  nics: z.array(nicSchema),
  disks: z.array(diskSchema),
});

export type VmConfiguration = z.infer<typeof vmConfigurationSchema>;
export type SavedNic = z.infer<typeof nicSchema>;
export type SavedDisk = z.infer<typeof diskSchema>;

/** A VM's configuration in both forms that a point keeps. */
export interface SavedVm {
  readonly configuration: VmConfiguration;
  /** The engine's OVF, as it gave it; undefined when it gave none. */
  readonly ovf: string | undefined;
  /** What the engine did not tell of it, each with its words: such belongings are absent. */
  readonly unread?: readonly string[] | undefined;
}
