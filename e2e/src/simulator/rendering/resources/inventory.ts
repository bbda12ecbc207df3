import { criticalBytesOf, spaceOf } from "../../domains/domain-space.ts";
import type {
  Cluster,
  DataCenter,
  Host,
  Network,
  StorageDomain,
  Tag,
  Template,
  TemplateNic,
  VnicProfile,
} from "../../model/inventory.ts";
import type { World } from "../../model/world.ts";
import { type Resource, struct } from "../resource.ts";
import { hrefOf, linksOf, stubOf } from "./links.ts";
import { versionOf } from "./version.ts";

/** `/datacenters` */
export const dataCenterResource = (center: DataCenter): Resource => {
  const href = hrefOf("datacenters", center.id);
  return {
    element: "data_center",
    id: center.id,
    href,
    fields: {
      name: center.name,
      local: false,
      status: "up",
      storage_format: "v5",
      quota_mode: "disabled",
      version: versionOf(center.level),
    },
    links: linksOf(href, ["storagedomains", "clusters", "networks"]),
  };
};

/** `/clusters` */
export const clusterResource = (cluster: Cluster): Resource => {
  const href = hrefOf("clusters", cluster.id);
  return {
    element: "cluster",
    id: cluster.id,
    href,
    fields: {
      name: cluster.name,
      version: versionOf(cluster.level),
      cpu: struct("cpu", { architecture: "x86_64", type: "Secure Intel Cascadelake Server Family" }),
      bios_type: "q35_sea_bios",
      data_center: stubOf("data_center", "datacenters", cluster.dataCenterId),
    },
    links: linksOf(href, ["networks", "permissions", "affinitygroups"]),
  };
};

const centerOf = (world: World, host: Host): string | undefined => world.clusters.get(host.clusterId)?.dataCenterId;

/** True for the storage pool manager: of a data center's hosts the first that is up. */
const isSpm = (world: World, host: Host): boolean => {
  const center = centerOf(world, host);
  return [...world.hosts.values()].find((one) => one.status === "up" && centerOf(world, one) === center) === host;
};

/** `/hosts` */
export const hostResource = (world: World, host: Host): Resource => {
  const href = hrefOf("hosts", host.id);
  return {
    element: "host",
    id: host.id,
    href,
    fields: {
      name: host.name,
      address: host.address,
      status: host.status,
      type: "ovirt_node",
      cluster: stubOf("cluster", "clusters", host.clusterId),
      spm: struct("spm", { priority: 5, status: isSpm(world, host) ? "spm" : "none" }),
      hardware_information: struct("hardware_information", { uuid: host.id }),
      version: struct("version", { major: 4, minor: 50, build: 5, revision: 1, full_version: "vdsm-4.50.5.1-1.el9" }),
    },
    links: linksOf(href, ["nics", "statistics"]),
  };
};

/** `/storagedomains`; `used` is what the model's disks occupy. */
export const storageDomainResource = (world: World, domain: StorageDomain): Resource => {
  const href = hrefOf("storagedomains", domain.id);
  const { usedBytes, availableBytes, committedBytes } = spaceOf(world, domain);
  return {
    element: "storage_domain",
    id: domain.id,
    href,
    fields: {
      name: domain.name,
      type: "data",
      status: domain.status ?? "active",
      master: true,
      backup: false,
      storage: struct("storage", { type: domain.storageType }),
      storage_format: "v5",
      available: availableBytes,
      used: usedBytes,
      committed: committedBytes,
      block_size: 512,
      warning_low_space_indicator: domain.warningPercent ?? 10,
      critical_space_action_blocker: Math.floor(criticalBytesOf(domain) / 2 ** 30),
    },
    links: linksOf(href, ["disks", "disksnapshots"]),
  };
};

/** `/templates` */
export const templateResource = (template: Template): Resource => {
  const href = hrefOf("templates", template.id);
  const version = template.version ?? 1;
  return {
    element: "template",
    id: template.id,
    href,
    fields: {
      name: template.name,
      description: template.description,
      status: template.status ?? "ok",
      memory: template.memoryBytes,
      cluster: stubOf("cluster", "clusters", template.clusterId),
      version: struct("version", {
        version_number: version,
        version_name: version === 1 ? "base version" : `version ${version}`,
        base_template: stubOf("template", "templates", template.baseTemplateId ?? template.id),
      }),
    },
    links: linksOf(href, ["diskattachments", "nics"]),
  };
};

/** `/templates/ID/nics` */
export const templateNicResource = (templateId: string, nic: TemplateNic): Resource => ({
  element: "nic",
  id: nic.id,
  href: `${hrefOf("templates", templateId)}/nics/${nic.id}`,
  fields: {
    name: nic.name,
    interface: "virtio",
    linked: true,
    plugged: true,
    vnic_profile: stubOf("vnic_profile", "vnicprofiles", nic.vnicProfileId),
    template: stubOf("template", "templates", templateId),
  },
});

/** `/networks` */
export const networkResource = (network: Network): Resource => ({
  element: "network",
  id: network.id,
  href: hrefOf("networks", network.id),
  fields: { name: network.name, mtu: 0, data_center: stubOf("data_center", "datacenters", network.dataCenterId) },
});

/** `/vnicprofiles` */
export const vnicProfileResource = (profile: VnicProfile): Resource => ({
  element: "vnic_profile",
  id: profile.id,
  href: hrefOf("vnicprofiles", profile.id),
  fields: { name: profile.name, network: stubOf("network", "networks", profile.networkId) },
});

/** `/tags` */
export const tagResource = (tag: Tag): Resource => ({
  element: "tag",
  id: tag.id,
  href: hrefOf("tags", tag.id),
  fields: { name: tag.name, parent: stubOf("tag", "tags", tag.parentId) },
});
