import { expect, test } from "vitest";

import type { VmConfiguration } from "../hypervisor/vm-configuration.ts";
import { toSettingsBody } from "./vm-settings-body.ts";

const saved: VmConfiguration = {
  v: 1,
  id: "vm",
  name: "vm",
  description: "",
  memoryBytes: 1024,
  memoryMaxBytes: 4096,
  cpu: { sockets: 2, cores: 3, threads: 1, architecture: "x86_64" },
  bootDevices: ["network", "hd"],
  customLevel: "4.6",
  clusterId: "c",
  customProperties: [{ name: "a", value: "b" }],
  settings: { "rng_device.source": "hwrng", "rng_device.rate.bytes": 2048, "placement_policy.affinity": "pinned" },
  initialization: {
    texts: { host_name: "till" },
    nics: [{ name: "enp1s0", onBoot: true, protocol: "static", address: "192.0.2.9", netmask: "255.255.255.0" }],
  },
  nics: [],
  disks: [],
};
const ids = { hostIds: ["h1"], leaseDomainId: "d1" };
const bodyOf = (...fields: readonly string[]) => toSettingsBody(saved, fields, ids);

test.each<readonly [fields: readonly string[], body: unknown]>([
  [["memory", "memory_policy.max"], { memory: "1024", memory_policy: { max: "4096" } }],
  [["rng_device.source", "rng_device.rate.bytes"], { rng_device: { source: "hwrng", rate: { bytes: "2048" } } }],
  [["cpu.topology.cores"], { cpu: { topology: { sockets: "2", cores: "3", threads: "1" } } }],
  [["os.boot.devices"], { os: { boot: { devices: { device: ["network", "hd"] } } } }],
  [["custom_compatibility_version"], { custom_compatibility_version: { major: "4", minor: "6" } }],
  [["custom_properties"], { custom_properties: { custom_property: [{ name: "a", value: "b" }] } }],
  [["placement_policy.hosts"], { placement_policy: { affinity: "pinned", hosts: { host: [{ id: "h1" }] } } }],
  [["lease.storage_domain"], { lease: { storage_domain: { id: "d1" } } }],
  [
    ["initialization.host_name", "initialization.nic_configurations"],
    {
      initialization: {
        host_name: "till",
        nic_configurations: {
          nic_configuration: [
            {
              name: "enp1s0",
              on_boot: "true",
              boot_protocol: "static",
              ip: { address: "192.0.2.9", netmask: "255.255.255.0" },
            },
          ],
        },
      },
    },
  ],
  [["cpu.architecture", "template", "tags", "description", "host_devices"], {}],
])("%j becomes the part of a VM's body that sets it", (fields, body) => {
  expect(bodyOf(...fields)).toEqual(body);
});

test("a lease whose domain is not there, and hosts of which none is, are not asked for", () => {
  const nobody = { hostIds: [], leaseDomainId: undefined };
  expect(toSettingsBody(saved, ["lease.storage_domain"], nobody)).toEqual({});
  expect(toSettingsBody(saved, ["placement_policy.hosts"], nobody)).toEqual({
    placement_policy: { affinity: "pinned" },
  });
});
