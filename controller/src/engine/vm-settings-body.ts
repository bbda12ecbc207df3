import { fieldsOf } from "../hypervisor/saved-fields.ts";
import type { VmConfiguration } from "../hypervisor/vm-configuration.ts";
import { vmSettings } from "../hypervisor/vm-settings.ts";

/** Ids on the engine of what a configuration names. */
export interface IdsOfNames {
  readonly hostIds: readonly string[];
  readonly leaseDomainId: string | undefined;
}

type Body = Readonly<Record<string, unknown>>;

/** Body of the change of a VM that sets these fields as they were saved; empty when no call can set any of them. */
export const toSettingsBody = (saved: VmConfiguration, fields: readonly string[], ids: IdsOfNames): Body => {
  const values = fieldsOf(saved);
  const body: Record<string, unknown> = {};
  for (const field of fields) {
    const special = specialFields[field.startsWith(initialization) ? initialization : field];
    if (special !== undefined) merge(body, special(saved, ids));
    else if (isPlain(field)) merge(body, nested(field.split("."), String(values.get(field) ?? "")));
  }
  return body;
};

const initialization = "initialization.";

/** Hardware with a name of its own in the configuration that one text sets. */
const plainFields: ReadonlySet<string> = new Set([
  "comment",
  "type",
  "memory",
  "memory_policy.guaranteed",
  "memory_policy.max",
  "bios.type",
  "os.type",
  "custom_emulated_machine",
  "custom_cpu_model",
  "tpm_enabled",
  "high_availability.enabled",
  "delete_protected",
  "time_zone.name",
  ...vmSettings.map(({ path }) => path),
]);

const isPlain = (field: string): boolean => plainFields.has(field);

type Special = (saved: VmConfiguration, ids: IdsOfNames) => Body;

const topology: Special = ({ cpu: { sockets, cores, threads } }) => ({
  cpu: { topology: { sockets: String(sockets), cores: String(cores), threads: String(threads) } },
});

const specialFields: Readonly<Record<string, Special>> = {
  "cpu.topology.sockets": topology,
  "cpu.topology.cores": topology,
  "cpu.topology.threads": topology,
  "os.boot.devices": ({ bootDevices }) => ({ os: { boot: { devices: { device: bootDevices } } } }),
  custom_compatibility_version: ({ customLevel = "" }) => {
    const [major = "", minor = ""] = customLevel.split(".");
    return { custom_compatibility_version: { major, minor } };
  },
  custom_properties: ({ customProperties }) => ({ custom_properties: { custom_property: customProperties } }),
  // A policy without its hosts would take those away that a VM has.
  "placement_policy.hosts": (saved, { hostIds }) => ({
    placement_policy: {
      ...(saved.settings?.["placement_policy.affinity"] === undefined
        ? {}
        : { affinity: String(saved.settings["placement_policy.affinity"]) }),
      ...(hostIds.length === 0 ? {} : { hosts: { host: hostIds.map((id) => ({ id })) } }),
    },
  }),
  "lease.storage_domain": (_saved, { leaseDomainId }) =>
    leaseDomainId === undefined ? {} : { lease: { storage_domain: { id: leaseDomainId } } },
  [initialization]: ({ initialization: told }) => ({
    initialization: {
      ...told?.texts,
      ...((told?.nics ?? []).length === 0
        ? {}
        : { nic_configurations: { nic_configuration: (told?.nics ?? []).map(toNicBody) } }),
    },
  }),
};

type SavedNicConfiguration = NonNullable<VmConfiguration["initialization"]>["nics"][number];

const toNicBody = ({ name, onBoot, protocol, address, netmask, gateway }: SavedNicConfiguration): Body => ({
  name,
  ...(onBoot === undefined ? {} : { on_boot: String(onBoot) }),
  ...(protocol === undefined ? {} : { boot_protocol: protocol }),
  ...(address === undefined
    ? {}
    : {
        ip: {
          address,
          ...(netmask === undefined ? {} : { netmask }),
          ...(gateway === undefined ? {} : { gateway }),
        },
      }),
});

const nested = ([first = "", ...rest]: readonly string[], value: string): Body => ({
  [first]: rest.length === 0 ? value : nested(rest, value),
});

const isBody = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Lays fields over a body, object by object. */
const merge = (body: Record<string, unknown>, more: Body): void => {
  for (const [name, value] of Object.entries(more)) {
    const before = body[name];
    if (isBody(before) && isBody(value)) merge(before, value);
    else body[name] = isBody(value) ? { ...value } : value;
  }
};
