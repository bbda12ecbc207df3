import * as z from "zod";

import type { StorageDomain, VnicProfile } from "../../hypervisor/inventory.ts";
import { levelText } from "../../hypervisor/level.ts";
import type { SavedDisk, SavedNic, SavedVm, VmConfiguration } from "../../hypervisor/vm-configuration.ts";
import { collection, flag, level, number, stub } from "../values.ts";
import { attachmentRow } from "./disk-rows.ts";
import {
  type NamesOfBelongings,
  belongingsRow,
  initializationRow,
  toBelongings,
  toInitialization,
  toSettings,
} from "./vm-settings-row.ts";

const nicRow = z.object({
  name: z.string(),
  interface: z.string().default("virtio"),
  mac: z.object({ address: z.string().optional() }).optional(),
  linked: flag.default(true),
  plugged: flag.default(true),
  vnic_profile: stub.optional(),
});

const hardware = {
  memory: number.default(0),
  memory_policy: z.looseObject({ guaranteed: number.optional(), max: number.optional() }).optional(),
  cpu: z
    .looseObject({
      architecture: z.string().optional(),
      topology: z
        .object({ sockets: number.default(1), cores: number.default(1), threads: number.default(1) })
        .optional(),
    })
    .optional(),
  bios: z.looseObject({ type: z.string().optional() }).optional(),
  os: z
    .object({
      type: z.string().optional(),
      boot: z.object({ devices: z.object({ device: z.array(z.string()).default([]) }).optional() }).optional(),
    })
    .optional(),
  custom_emulated_machine: z.string().optional(),
  custom_cpu_model: z.string().optional(),
  custom_compatibility_version: level.optional(),
  tpm_enabled: flag.optional(),
};

/** `/vms/ID?all_content=true` with disks, NICs and what it belongs to inlined; further settings are read by their paths. */
export const vmConfigurationRow = z.looseObject({
  id: z.string(),
  name: z.string(),
  description: z.string().default(""),
  comment: z.string().optional(),
  type: z.string().optional(),
  cluster: stub.optional(),
  ...hardware,
  high_availability: z.looseObject({ enabled: flag.optional() }).optional(),
  delete_protected: flag.optional(),
  time_zone: z.object({ name: z.string().optional() }).optional(),
  custom_properties: collection(
    "custom_property",
    z.object({ name: z.string(), value: z.string().default("") }),
  ).optional(),
  nics: collection("nic", nicRow).optional(),
  disk_attachments: collection("disk_attachment", attachmentRow).optional(),
  ...belongingsRow,
  initialization: initializationRow.optional(),
});
type Row = z.output<typeof vmConfigurationRow>;

/** Names that a saved VM carries beside ids, since a restore may go where the ids mean nothing. */
export interface NamesForSaving extends NamesOfBelongings {
  readonly clusterName: string | undefined;
  readonly storageDomains: readonly Pick<StorageDomain, "id" | "name">[];
  readonly vnicProfiles: readonly VnicProfile[];
  /** What the engine did not tell. */
  readonly unread: readonly string[];
}

/** A VM in the two forms that a point keeps. */
export const toSavedVm = (row: Row, names: NamesForSaving): SavedVm => ({
  configuration: toConfiguration(row, names),
  ovf: row.initialization?.configuration?.data,
  unread: names.unread,
});

const toConfiguration = (row: Row, names: NamesForSaving): VmConfiguration => ({
  v: 1,
  id: row.id,
  name: row.name,
  description: row.description,
  comment: row.comment,
  type: row.type,
  ...toHardware(row),
  highlyAvailable: row.high_availability?.enabled,
  deleteProtected: row.delete_protected,
  timeZone: row.time_zone?.name,
  clusterId: row.cluster?.id ?? "",
  clusterName: names.clusterName,
  customProperties: row.custom_properties ?? [],
  settings: toSettings(row),
  initialization: toInitialization(row.initialization),
  belongings: toBelongings(row, names),
  nics: (row.nics ?? []).map((nic) => toNic(nic, names)),
  disks: (row.disk_attachments ?? [])
    .filter(({ contentType }) => contentType === "data")
    .map((disk) => toDisk(disk, names)),
});

const bootDevicesOf = (row: Row): string[] => row.os?.boot?.devices?.device ?? [];

type HardwareOfVm = Pick<
  VmConfiguration,
  | "memoryBytes"
  | "memoryGuaranteedBytes"
  | "memoryMaxBytes"
  | "cpu"
  | "biosType"
  | "osType"
  | "bootDevices"
  | "customEmulatedMachine"
  | "customCpuModel"
  | "customLevel"
  | "tpmEnabled"
>;

const toHardware = (row: Row): HardwareOfVm => ({
  memoryBytes: row.memory,
  memoryGuaranteedBytes: row.memory_policy?.guaranteed,
  memoryMaxBytes: row.memory_policy?.max,
  cpu: {
    ...(row.cpu?.topology ?? { sockets: 1, cores: 1, threads: 1 }),
    architecture: row.cpu?.architecture,
  },
  biosType: row.bios?.type,
  osType: row.os?.type,
  bootDevices: bootDevicesOf(row),
  customEmulatedMachine: row.custom_emulated_machine,
  customCpuModel: row.custom_cpu_model,
  customLevel: row.custom_compatibility_version === undefined ? undefined : levelText(row.custom_compatibility_version),
  tpmEnabled: row.tpm_enabled,
});

const toNic = (nic: z.output<typeof nicRow>, { vnicProfiles }: NamesForSaving): SavedNic => {
  const profile = vnicProfiles.find(({ id }) => id === nic.vnic_profile?.id);
  return {
    name: nic.name,
    interface: nic.interface,
    mac: nic.mac?.address,
    profileName: profile?.name,
    networkName: profile?.networkName,
    linked: nic.linked,
    plugged: nic.plugged,
  };
};

const toDisk = (disk: z.output<typeof attachmentRow>, { storageDomains }: NamesForSaving): SavedDisk => {
  const [storageDomainId] = disk.storageDomainIds;
  const { id, alias, description, sizeBytes, format, sparse } = disk;
  const { bootable, active, readOnly, passDiscard, wipeAfterDelete, incrementalEnabled } = disk;
  return {
    id,
    alias,
    sizeBytes,
    format,
    sparse,
    bootable,
    active,
    readOnly,
    passDiscard,
    description,
    wipeAfterDelete,
    incrementalEnabled,
    interface: disk.interface,
    storageDomainId,
    storageDomainName: storageDomains.find((one) => one.id === storageDomainId)?.name,
  };
};
