import type { Initialization } from "./initialization.ts";

/** The files of a config drive, by their paths on it. */
export type ConfigDrive = Readonly<Record<string, string>>;

/**
 * The config drive that an engine makes of an initialization for its guest. The engine puts settings of its own before the custom
 * script, a `runcmd` too: the later key counts.
 */
export const configDriveOf = (initialization: Initialization, instanceId: string): ConfigDrive => ({
  "openstack/latest/meta_data.json": JSON.stringify({
    uuid: instanceId,
    name: initialization.host_name,
    hostname: initialization.host_name,
    launch_index: "0",
    availability_zone: "nova",
    meta: { dsmode: "local", essential: "false", role: "server" },
  }),
  "openstack/latest/user_data": `#cloud-config\n${engineSettings}${initialization.custom_script}`,
  ...((initialization.nic_configurations?.nic_configuration.length ?? 0) > 0 && {
    "openstack/latest/network_data.json": JSON.stringify(networksOf(initialization)),
  }),
});

const engineSettings = `output:
  all: '>> /var/log/cloud-init-output.log'
disable_root: 0
runcmd:
- echo engine-runcmd-ran > /dev/console
ssh_pwauth: true
chpasswd:
  expire: false
`;

const networksOf = ({ nic_configurations: nics, dns_servers: dns = "" }: Initialization): unknown => {
  const list = nics?.nic_configuration ?? [];
  return {
    links: list.map(({ name }) => ({ id: name, name, type: "vif" })),
    networks: list.map(({ name, boot_protocol: protocol, ip }) => ({
      id: name,
      link: name,
      ...(protocol === "dhcp" || ip === undefined
        ? { type: "ipv4_dhcp" }
        : {
            type: "ipv4",
            ip_address: ip.address,
            netmask: ip.netmask,
            ...(ip.gateway !== undefined && { gateway: ip.gateway }),
          }),
    })),
    services: dns
      .split(/[\s,]+/)
      .filter((address) => address !== "")
      .map((address) => ({ type: "dns", address })),
  };
};
