import type { VmRequest } from "../hypervisor/builds.ts";
import type { VmConfiguration } from "../hypervisor/vm-configuration.ts";

/** Body of the request that makes a VM: from an OVF with ids of its own, or from the typed configuration. */
export const toVmBody = (request: VmRequest): Record<string, unknown> => {
  const named = { name: request.name, description: request.description, cluster: { id: request.clusterId } };
  if (request.ovf !== undefined) {
    const configuration = { type: "ovf", data: request.ovf };
    return { ...named, initialization: { regenerate_ids: "true", configuration } };
  }
  return { ...named, template: { name: "Blank" }, ...hardwareOf(request.configuration) };
};

const hardwareOf = (saved: VmConfiguration): Record<string, unknown> => ({
  memory: String(saved.memoryBytes),
  ...memoryPolicyOf(saved),
  cpu: {
    ...(saved.cpu.architecture === undefined ? {} : { architecture: saved.cpu.architecture }),
    topology: {
      sockets: String(saved.cpu.sockets),
      cores: String(saved.cpu.cores),
      threads: String(saved.cpu.threads),
    },
  },
  ...only("bios", saved.biosType, (type) => ({ type })),
  os: {
    ...only("type", saved.osType, (type) => type),
    ...(saved.bootDevices.length === 0 ? {} : { boot: { devices: { device: saved.bootDevices } } }),
  },
  ...only("comment", saved.comment, (comment) => comment),
  ...only("type", saved.type, (type) => type),
  ...only("custom_emulated_machine", saved.customEmulatedMachine, (name) => name),
  ...only("custom_cpu_model", saved.customCpuModel, (name) => name),
  ...only("custom_compatibility_version", saved.customLevel, toLevel),
  ...only("tpm_enabled", saved.tpmEnabled, String),
  ...only("high_availability", saved.highlyAvailable, (enabled) => ({ enabled: String(enabled) })),
  ...only("time_zone", saved.timeZone, (name) => ({ name })),
  ...(saved.customProperties.length === 0 ? {} : { custom_properties: { custom_property: saved.customProperties } }),
});

const memoryPolicyOf = ({ memoryGuaranteedBytes, memoryMaxBytes }: VmConfiguration): Record<string, unknown> => {
  const policy = {
    ...only("guaranteed", memoryGuaranteedBytes, String),
    ...only("max", memoryMaxBytes, String),
  };
  return Object.keys(policy).length === 0 ? {} : { memory_policy: policy };
};

const toLevel = (level: string): Record<string, string> => {
  const [major = "4", minor = "2"] = level.split(".");
  return { major, minor };
};

const only = <Value>(
  name: string,
  value: Value | undefined,
  render: (value: Value) => unknown,
): Record<string, unknown> => (value === undefined ? {} : { [name]: render(value) });
