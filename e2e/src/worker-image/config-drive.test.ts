import { parse } from "yaml";
import { expect, it } from "vitest";
import { configDriveOf } from "./config-drive.ts";

const script = 'write_files: []\nruncmd: [["true"]]\n';

it("a config drive carries the custom script after the engine's own settings", () => {
  const drive = configDriveOf({ host_name: "w-1", custom_script: script }, "i-1");

  expect(Object.keys(drive)).toEqual(["openstack/latest/meta_data.json", "openstack/latest/user_data"]);
  const userData = drive["openstack/latest/user_data"] ?? "";
  expect(userData.startsWith("#cloud-config\n")).toBe(true);
  expect(parse(userData, { uniqueKeys: false })).toMatchObject({ disable_root: 0, runcmd: [["true"]] });
});

it("networks become links of the guest's own names", () => {
  const nics = [
    {
      name: "eth0",
      boot_protocol: "static" as const,
      ip: { address: "10.0.2.40", netmask: "255.255.255.0", gateway: "10.0.2.2" },
    },
    { name: "eth1", boot_protocol: "dhcp" as const },
  ];
  const drive = configDriveOf(
    {
      host_name: "w-1",
      custom_script: script,
      dns_servers: "10.0.2.3 10.0.2.4",
      nic_configurations: { nic_configuration: nics },
    },
    "i-1",
  );

  expect(JSON.parse(drive["openstack/latest/network_data.json"] ?? "")).toEqual({
    links: [
      { id: "eth0", name: "eth0", type: "vif" },
      { id: "eth1", name: "eth1", type: "vif" },
    ],
    networks: [
      {
        id: "eth0",
        link: "eth0",
        type: "ipv4",
        ip_address: "10.0.2.40",
        netmask: "255.255.255.0",
        gateway: "10.0.2.2",
      },
      { id: "eth1", link: "eth1", type: "ipv4_dhcp" },
    ],
    services: [
      { type: "dns", address: "10.0.2.3" },
      { type: "dns", address: "10.0.2.4" },
    ],
  });
});
