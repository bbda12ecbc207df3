import { derivedUuid } from "@holdfast/shared/ids/ids";

import type { SimulatorConfig } from "../config/schema.ts";
import { defined } from "../model/defined.ts";
import { blankTemplateId, parseLevel } from "../model/inventory.ts";
import type { World } from "../model/world.ts";

/** The id that an object of the configuration has when none is given: the same at every fresh start. */
export const configuredId = (config: SimulatorConfig, kind: string, name: string): string =>
  derivedUuid("simulator", config.name, kind, name);

/** The id of a configured host. */
export const hostIdOf = (config: SimulatorConfig, name: string): string =>
  config.hosts.find((host) => host.name === name)?.id ?? configuredId(config, "host", name);

const seedNetworks = (world: World, config: SimulatorConfig, centerOf: (name: string | undefined) => string): void => {
  const idOf = (kind: string, center: string, name: string): string => configuredId(config, kind, `${center}/${name}`);
  const add = (center: string, network: string, profile: string, id?: string): void => {
    const networkId = idOf("network", center, network);
    const told = config.networks.find((one) => one.name === network && centerOf(one.dataCenter) === center);
    const { subnet, isolated } = told ?? {};
    world.networks.set(networkId, {
      id: networkId,
      name: network,
      dataCenterId: center,
      ...defined({ subnet, isolated }),
    });
    const profileId = id ?? idOf("vnicprofile", center, `${network}/${profile}`);
    world.vnicProfiles.set(profileId, { id: profileId, name: profile, networkId });
  };
  for (const center of world.dataCenters.keys()) add(center, "ovirtmgmt", "ovirtmgmt");
  for (const network of config.networks) add(centerOf(network.dataCenter), network.name, network.name);
  for (const profile of config.vnicProfiles)
    add(centerOf(profile.dataCenter), profile.network, profile.name, profile.id);
};

const seedTags = (world: World, config: SimulatorConfig): void => {
  world.tags.set(blankTemplateId, { id: blankTemplateId, name: "root" });
  const idOf = (name: string | undefined): string => {
    const tag = config.tags.find((one) => one.name === name);
    return tag === undefined ? blankTemplateId : (tag.id ?? configuredId(config, "tag", tag.name));
  };
  for (const tag of config.tags)
    world.tags.set(idOf(tag.name), { id: idOf(tag.name), name: tag.name, parentId: idOf(tag.parent) });
};

/** Fills a fresh world with what the configuration says of everything but templates, VMs and their disks. */
export const seedInventory = (world: World, config: SimulatorConfig): void => {
  const [firstCenter] = config.dataCenters;
  const centerOf = (name: string | undefined): string => {
    const center = config.dataCenters.find((one) => one.name === name) ?? firstCenter;
    return center?.id ?? configuredId(config, "datacenter", center?.name ?? "");
  };
  const clusterIdOf = (name: string): string =>
    config.clusters.find((one) => one.name === name)?.id ?? configuredId(config, "cluster", name);
  for (const { name, version } of config.dataCenters) {
    world.dataCenters.set(centerOf(name), { id: centerOf(name), name, level: parseLevel(version) });
  }
  for (const { name, dataCenter, version } of config.clusters) {
    const id = clusterIdOf(name);
    world.clusters.set(id, { id, name, dataCenterId: centerOf(dataCenter), level: parseLevel(version) });
  }
  for (const { name, cluster, address, memory, backups } of config.hosts) {
    const id = hostIdOf(config, name);
    const host = { id, name, clusterId: clusterIdOf(cluster), address, status: "up" } as const;
    world.hosts.set(id, { ...host, knowsBackups: backups, ...defined({ memoryBytes: memory }) });
  }
  for (const { id: given, name, dataCenter, size, warningPercent, critical } of config.storageDomains) {
    const id = given ?? configuredId(config, "storagedomain", name);
    const domain = { id, name, dataCenterId: centerOf(dataCenter), storageType: "nfs", sizeBytes: size } as const;
    world.storageDomains.set(id, { ...domain, ...defined({ warningPercent, criticalBytes: critical }) });
  }
  seedNetworks(world, config, centerOf);
  seedTags(world, config);
};
