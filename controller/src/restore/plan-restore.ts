import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { Manifest } from "@holdfast/shared/format/manifest";
import type { Cluster, Inventory, StorageDomain } from "../hypervisor/inventory.ts";
import type { SavedDisk, VmConfiguration } from "../hypervisor/vm-configuration.ts";
import type { Remark } from "../sessions/remark.ts";

/** Where a restore is to go; empty words mean where the point came from. */
export interface RestoreWish {
  readonly manager: string;
  readonly cluster: string;
  readonly storageDomain: string;
  /** Empty for the whole VM; else id or alias of one disk. */
  readonly disk: string;
}

/** A manager that a restore may go to. */
export interface RestoreManager {
  readonly managerId: string;
  readonly name: string;
  readonly engineInstanceId: string;
  readonly inventory: Inventory | undefined;
}

/** A disk that is going to be made. */
export interface PlannedTarget {
  readonly saved: SavedDisk;
  readonly domain: StorageDomain;
}

/** What a restore would do. */
export interface RestorePlan {
  readonly managerId: string;
  readonly managerName: string;
  readonly engineInstanceId: string;
  readonly cluster: Cluster;
  readonly targets: readonly PlannedTarget[];
  readonly remarks: readonly Remark[];
}

/**
 * Resolves a restore's target against what the managers have now. NOT_FOUND or INVALID_ARGUMENT names what is missing; disks
 * that the point left out are told in a remark.
 */
export const planRestore = (
  point: { readonly manifest: Manifest; readonly configuration: VmConfiguration },
  wish: RestoreWish,
  managers: readonly RestoreManager[],
): RestorePlan => {
  const manager = chooseManager(point.manifest, wish, managers);
  const inventory = manager.inventory;
  if (inventory === undefined) {
    throw new HoldfastError("ENGINE_UNREACHABLE", `manager ${manager.name} has not told its inventory yet`);
  }
  const cluster = chooseCluster(point, wish, inventory);
  const stored = storedDisks(point);
  const chosen = wish.disk === "" ? stored : [chooseDisk(wish.disk, stored)];
  if (chosen.length === 0) throw new HoldfastError("FAILED_PRECONDITION", "the point has no disk that can be restored");
  return {
    managerId: manager.managerId,
    managerName: manager.name,
    engineInstanceId: manager.engineInstanceId,
    cluster,
    targets: chosen.map((saved) => ({ saved, domain: chooseDomain(saved, { wish, cluster, inventory }) })),
    remarks: wish.disk === "" ? leftOut(point) : [],
  };
};

type PointParts = Parameters<typeof planRestore>[0];

const storedDisks = ({ manifest, configuration }: PointParts): readonly SavedDisk[] => {
  const stored = new Map(
    manifest.clear.disks.filter(({ mode }) => mode !== "skipped").map((disk) => [disk.diskId, disk]),
  );
  return configuration.disks.flatMap((disk) => {
    const clear = stored.get(disk.id);
    return clear === undefined ? [] : [{ ...disk, sizeBytes: clear.sizeBytes }];
  });
};

const leftOut = ({ manifest, configuration }: PointParts): readonly Remark[] => {
  const stored = new Set(manifest.clear.disks.filter(({ mode }) => mode !== "skipped").map(({ diskId }) => diskId));
  return configuration.disks
    .filter(({ id }) => !stored.has(id))
    .map(({ id, alias }) => ({
      level: "warning",
      code: "DISK_NOT_IN_POINT",
      message: `disk ${alias} is not in the point: the new VM is without it`,
      diskId: id,
    }));
};

const chooseManager = (
  { clear, sealed }: Manifest,
  wish: RestoreWish,
  managers: readonly RestoreManager[],
): RestoreManager => {
  const found =
    wish.manager === ""
      ? (managers.find(({ engineInstanceId }) => engineInstanceId === clear.vm.engineInstanceId) ??
        managers.find(({ name }) => name === sealed.managerName))
      : (managers.find(({ managerId }) => managerId === wish.manager) ??
        managers.find(({ name }) => name === wish.manager));
  if (found !== undefined) return found;
  const what =
    wish.manager === ""
      ? `the point came from manager ${sealed.managerName}, which is not connected: name another`
      : `no manager ${wish.manager}`;
  throw new HoldfastError("NOT_FOUND", what);
};

const chooseCluster = (
  { manifest, configuration }: PointParts,
  wish: RestoreWish,
  { clusters }: Inventory,
): Cluster => {
  const words = wish.cluster === "" ? [configuration.clusterId, manifest.sealed.clusterName] : [wish.cluster];
  const found = clusters.find(({ id }) => words.includes(id)) ?? clusters.find(({ name }) => words.includes(name));
  if (found !== undefined) return found;
  throw new HoldfastError(
    "NOT_FOUND",
    `no cluster ${words.at(-1) ?? ""} on this manager: name one of ${clusters.map(({ name }) => name).join(", ")}`,
  );
};

const chooseDisk = (text: string, disks: readonly SavedDisk[]): SavedDisk => {
  const byId = disks.find(({ id }) => id === text);
  const [first, second] = disks.filter(({ alias }) => alias === text);
  if (byId !== undefined) return byId;
  if (second !== undefined)
    throw new HoldfastError("INVALID_ARGUMENT", `several disks of the point are called ${text}: use an id`);
  if (first !== undefined) return first;
  throw new HoldfastError("NOT_FOUND", `the point has no disk ${text}`);
};

interface DomainFacts {
  readonly wish: RestoreWish;
  readonly cluster: Cluster;
  readonly inventory: Inventory;
}

const chooseDomain = (saved: SavedDisk, { wish, cluster, inventory }: DomainFacts): StorageDomain => {
  const usable = inventory.storageDomains.filter((domain) => isUsable(domain, cluster));
  const words = wish.storageDomain === "" ? [saved.storageDomainId, saved.storageDomainName] : [wish.storageDomain];
  const found = usable.find(({ id }) => words.includes(id)) ?? usable.find(({ name }) => words.includes(name));
  if (found !== undefined) return found;
  const [only, other] = usable;
  if (wish.storageDomain === "" && only !== undefined && other === undefined) return only;
  const names = usable.map(({ name }) => name).join(", ");
  throw new HoldfastError(
    "NOT_FOUND",
    `no storage domain ${wish.storageDomain || (saved.storageDomainName ?? "")} for disk ${saved.alias}: name one of ${names}`,
  );
};

const isUsable = (domain: StorageDomain, cluster: Cluster): boolean =>
  domain.type === "data" &&
  !domain.forBackup &&
  (cluster.dataCenterId === undefined ||
    domain.dataCenterIds.length === 0 ||
    domain.dataCenterIds.includes(cluster.dataCenterId));
