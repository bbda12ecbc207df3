import type { Engine } from "../engine/engine.ts";
import { existing } from "../engine/engine-fault.ts";
import { type Call, type Handle, flag, param, rows } from "../http/call.ts";
import type { Route } from "../http/router.ts";
import type { Disk } from "../model/disk.ts";
import type { Network } from "../model/inventory.ts";
import type { Resource } from "../rendering/resource.ts";
import { diskResource } from "../rendering/resources/disk.ts";
import { diskSnapshots } from "../rendering/resources/disk-snapshot.ts";
import { clusterResource, networkResource } from "../rendering/resources/inventory.ts";

/** Sub-collections of which no object here has anything. */
const empty = {
  vms: {
    cdroms: "cdrom",
    hostdevices: "host_device",
    numanodes: "vm_numa_node",
    mediateddevices: "vm_mediated_device",
    statistics: "statistic",
  },
  hosts: { nics: "host_nic", statistics: "statistic" },
  disks: { statistics: "statistic" },
} as const;

const emptyRoutes = (engine: Engine): readonly Route<Handle>[] =>
  (Object.keys(empty) as (keyof typeof empty)[]).flatMap((owner) =>
    Object.entries(empty[owner]).map(([name, element]): Route<Handle> => ({
      method: "GET",
      pattern: `/${owner}/:owner/${name}`,
      handle: (call) => {
        existing<unknown>(engine.world[owner], param(call, "owner"));
        return rows(call, element, []);
      },
    })),
  );

const centerRoutes = (engine: Engine): readonly Route<Handle>[] => {
  const { world } = engine;
  const networksOf = (centerId: string): readonly Network[] =>
    [...world.networks.values()].filter(({ dataCenterId }) => dataCenterId === centerId);
  const centerId = (call: Call): string => existing(world.dataCenters, param(call, "center")).id;
  return [
    {
      method: "GET",
      pattern: "/datacenters/:center/clusters",
      handle: (call) => {
        const id = centerId(call);
        const clusters = [...world.clusters.values()].filter(({ dataCenterId }) => dataCenterId === id);
        return rows(call, "cluster", clusters.map(clusterResource));
      },
    },
    {
      method: "GET",
      pattern: "/datacenters/:center/networks",
      handle: (call) => rows(call, "network", networksOf(centerId(call)).map(networkResource)),
    },
    {
      method: "GET",
      pattern: "/clusters/:cluster/networks",
      handle: (call) => {
        const { dataCenterId } = existing(world.clusters, param(call, "cluster"));
        return rows(call, "network", networksOf(dataCenterId).map(networkResource));
      },
    },
  ];
};

const domainRoutes = (engine: Engine): readonly Route<Handle>[] => {
  const { world } = engine;
  const ofDisks =
    (element: string, show: (disk: Disk, call: Call) => readonly Resource[]): Handle =>
    (call) => {
      const { id } = existing(world.storageDomains, param(call, "domain"));
      const disks = [...world.disks.values()].filter((disk) => disk.storageDomainId === id && !disk.ofTemplate);
      return rows(
        call,
        element,
        disks.flatMap((disk) => show(disk, call)),
      );
    };
  return [
    {
      method: "GET",
      pattern: "/storagedomains/:domain/disks",
      handle: ofDisks("disk", (disk) => [diskResource(world, disk)]),
    },
    {
      method: "GET",
      pattern: "/storagedomains/:domain/disksnapshots",
      handle: ofDisks("disk_snapshot", (disk, call) =>
        diskSnapshots(world, disk, { active: flag(call, "include_active"), template: false }),
      ),
    },
  ];
};

/** What entities link to beside the collections with rules of their own: all of it can only be read. */
export const subCollectionRoutes = (engine: Engine): readonly Route<Handle>[] => [
  ...emptyRoutes(engine),
  ...centerRoutes(engine),
  ...domainRoutes(engine),
];
