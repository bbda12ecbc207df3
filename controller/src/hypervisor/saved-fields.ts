import type { VmConfiguration } from "./vm-configuration.ts";
import type { SettingValue } from "./vm-settings.ts";

/** A field of a configuration that is not what was saved. */
export interface FieldDifference {
  /** In the engine's words. */
  readonly field: string;
  readonly saved: SettingValue;
  readonly found: SettingValue | undefined;
}

/** Everything of a VM that is one value, or a list told as one, by its name in the engine's words; what was not said is absent. */
export const fieldsOf = (saved: VmConfiguration): ReadonlyMap<string, SettingValue> => {
  const fields = new Map<string, SettingValue>();
  for (const [name, value] of Object.entries({
    ...hardwareFields(saved),
    ...saved.settings,
    ...belongingFields(saved),
    ...initializationFields(saved),
  })) {
    if (value !== undefined) fields.set(name, value);
  }
  return fields;
};

type Fields = Readonly<Record<string, SettingValue | undefined>>;

const hardwareFields = (saved: VmConfiguration): Fields => ({
  description: saved.description,
  comment: saved.comment,
  type: saved.type,
  memory: saved.memoryBytes,
  "memory_policy.guaranteed": saved.memoryGuaranteedBytes,
  "memory_policy.max": saved.memoryMaxBytes,
  "cpu.topology.sockets": saved.cpu.sockets,
  "cpu.topology.cores": saved.cpu.cores,
  "cpu.topology.threads": saved.cpu.threads,
  "cpu.architecture": saved.cpu.architecture,
  "bios.type": saved.biosType,
  "os.type": saved.osType,
  "os.boot.devices": saved.bootDevices.join(", "),
  custom_emulated_machine: saved.customEmulatedMachine,
  custom_cpu_model: saved.customCpuModel,
  custom_compatibility_version: saved.customLevel,
  tpm_enabled: saved.tpmEnabled,
  "high_availability.enabled": saved.highlyAvailable,
  delete_protected: saved.deleteProtected,
  "time_zone.name": saved.timeZone,
  custom_properties: saved.customProperties
    .map(({ name, value }) => `${name}=${value}`)
    .toSorted()
    .join("; "),
});

const listed = (names: readonly string[] | undefined): string | undefined => names?.toSorted().join(", ");

const belongingFields = ({ belongings }: VmConfiguration): Fields => ({
  tags: listed(belongings?.tags),
  affinity_labels: listed(belongings?.affinityLabels),
  affinity_groups: listed(belongings?.affinityGroups),
  "placement_policy.hosts": listed(belongings?.hosts),
  "lease.storage_domain": belongings?.leaseDomain,
  cdroms: listed(belongings?.cdroms),
  watchdogs: listed(belongings?.watchdogs),
  host_devices: listed(belongings?.hostDevices),
  numa_nodes: listed(belongings?.numaNodes),
  mediated_devices: listed(belongings?.mediatedDevices),
  template: belongings?.template,
});

const initializationFields = ({ initialization }: VmConfiguration): Fields => {
  if (initialization === undefined) return {};
  const texts = Object.entries(initialization.texts).map(([name, text]) => [`initialization.${name}`, text]);
  const { nics } = initialization;
  const told = nics.length === 0 ? undefined : JSON.stringify(nics);
  return { ...Object.fromEntries(texts), "initialization.nic_configurations": told };
};

/** True for fields whose values are never told (R12). */
export const isSecretField = (field: string): boolean => field.startsWith("initialization.");

/** A list that is empty need not be said by an engine. */
const isEmpty = (value: SettingValue | undefined): boolean => value === undefined || value === "";

/** True when an engine may mean the same: a flag that is off and one that it does not show. */
export const mayBeSame = ({ saved, found }: FieldDifference): boolean => saved === false && found === undefined;

const belongingNames: ReadonlySet<string> = new Set([
  "tags",
  "affinity_labels",
  "affinity_groups",
  "cdroms",
  "watchdogs",
  "host_devices",
  "numa_nodes",
  "mediated_devices",
]);

/** True when the VM may have it after all, where the engine did not tell everything of it (`SavedVm.unread`). */
export const mayBeUnread = ({ field, found }: FieldDifference): boolean =>
  found === undefined && belongingNames.has(field);

/** What a VM has otherwise than it was saved; what the saved configuration does not say is not compared. */
export const differencesOf = (saved: VmConfiguration, found: VmConfiguration): readonly FieldDifference[] => {
  const there = fieldsOf(found);
  return [...fieldsOf(saved)].flatMap(([field, value]) => {
    const other = there.get(field);
    return value === other || (isEmpty(value) && isEmpty(other)) ? [] : [{ field, saved: value, found: other }];
  });
};
