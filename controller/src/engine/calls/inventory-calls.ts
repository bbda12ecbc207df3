import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import * as z from "zod";

import type {
  Cluster,
  EngineIdentity,
  Inventory,
  InventoryReader,
  StorageDomain,
  VnicProfile,
} from "../../hypervisor/inventory.ts";
import type { Level } from "../../hypervisor/level.ts";
import type { EngineClient } from "../engine-client.ts";
import { listPaged } from "../paging.ts";
import { clusterRow, hostRow, networkRow, storageDomainRow, vnicProfileRow } from "../rows/place-rows.ts";
import { type VmRow, toVm, toVmDetails, vmRow } from "../rows/vm-rows.ts";

const apiRootRow = z.object({
  instance_id: z.string(),
  product_info: z.object({
    name: z.string().default("oVirt"),
    version: z.object({ full_version: z.string().optional(), major: z.coerce.string(), minor: z.coerce.string() }),
  }),
});

const withDisks = "disk_attachments.disk";

/** Reading clusters, hosts, domains and VMs. */
export class InventoryCalls implements InventoryReader {
  readonly #client: EngineClient;
  /** Levels of clusters as last seen; a VM of a cluster that is not here costs one call. */
  readonly #clusters = new Map<string, Cluster>();

  constructor(client: EngineClient) {
    this.#client = client;
  }

  async identify(signal: AbortSignal): Promise<EngineIdentity> {
    const { instance_id: instanceId, product_info: product } = await this.#client.ask(
      { method: "GET", path: "" },
      apiRootRow,
      signal,
    );
    const { full_version: full, major, minor } = product.version;
    return { instanceId, productName: product.name, version: full ?? `${major}.${minor}` };
  }

  async readInventory(signal: AbortSignal): Promise<Inventory> {
    const clusters = await this.listClusters(signal);
    const hosts = await this.listHosts(signal);
    const storageDomains = await this.listStorageDomains(signal);
    const vms = await this.listVmRows(withDisks, signal);
    return { clusters, hosts, storageDomains, vms: await this.#toVms(vms, signal) };
  }

  /** Every VM with these links inlined. */
  listVmRows(follow: string, signal: AbortSignal): Promise<readonly VmRow[]> {
    return listPaged(this.#client, { path: "/vms", element: "vm", row: vmRow, sortBy: "name", follow }, signal);
  }

  listStorageDomains(signal: AbortSignal): Promise<readonly StorageDomain[]> {
    return this.#list("/storagedomains", "storage_domain", storageDomainRow, signal);
  }

  async listClusters(signal: AbortSignal): Promise<readonly Cluster[]> {
    const clusters = await this.#list("/clusters", "cluster", clusterRow, signal);
    for (const cluster of clusters) this.#clusters.set(cluster.id, cluster);
    return clusters;
  }

  async getVm(vmId: string, signal: AbortSignal) {
    const query = { follow: `${withDisks},snapshots` };
    const row = await this.#client.find({ method: "GET", path: `/vms/${vmId}`, query }, vmRow, signal);
    if (row === undefined) throw vmNotFound(vmId);
    return toVmDetails(row, await this.#levelOf(row, signal));
  }

  async findVms(name: string, signal: AbortSignal) {
    // Engines compare with wildcards and without case: the answer is only a candidate.
    const list = {
      path: "/vms",
      element: "vm",
      row: vmRow,
      sortBy: "name",
      terms: `name="${name}"`,
      follow: withDisks,
    };
    const rows = await listPaged(this.#client, list, signal);
    return this.#toVms(
      rows.filter((row) => row.name === name),
      signal,
    );
  }

  listHosts(signal: AbortSignal) {
    return this.#list("/hosts", "host", hostRow, signal);
  }

  async listVnicProfiles(signal: AbortSignal): Promise<readonly VnicProfile[]> {
    const profiles = await this.#list("/vnicprofiles", "vnic_profile", vnicProfileRow, signal);
    const networks = await this.#list("/networks", "network", networkRow, signal);
    const byId = new Map(networks.map((one) => [one.id, one]));
    return profiles.map(({ id, name, network }) => ({
      id,
      name,
      networkId: network?.id ?? "",
      networkName: byId.get(network?.id ?? "")?.name ?? "",
      dataCenterId: byId.get(network?.id ?? "")?.data_center?.id,
    }));
  }

  /** Names of storage domains and of a cluster, for what is saved of a VM. */
  async namesFor(clusterId: string | undefined, signal: AbortSignal) {
    const storageDomains = await this.listStorageDomains(signal);
    const vnicProfiles = await this.listVnicProfiles(signal);
    const cluster = clusterId === undefined ? undefined : await this.#clusterOf(clusterId, signal);
    return { clusterName: cluster?.name, storageDomains, vnicProfiles };
  }

  async toVmWithLevel(row: VmRow, signal: AbortSignal) {
    return toVm(row, await this.#levelOf(row, signal));
  }

  #list<Row extends z.ZodType<{ readonly id: string }>>(path: string, element: string, row: Row, signal: AbortSignal) {
    return listPaged(this.#client, { path, element, row, sortBy: "name" }, signal);
  }

  async #toVms(rows: readonly VmRow[], signal: AbortSignal) {
    const vms = [];
    for (const row of rows) vms.push(await this.toVmWithLevel(row, signal));
    return vms;
  }

  async #levelOf(row: VmRow, signal: AbortSignal): Promise<Level> {
    if (row.custom_compatibility_version !== undefined) return row.custom_compatibility_version;
    const cluster = row.cluster === undefined ? undefined : await this.#clusterOf(row.cluster.id, signal);
    return cluster?.level ?? oldestLevel;
  }

  async #clusterOf(id: string, signal: AbortSignal): Promise<Cluster | undefined> {
    const known = this.#clusters.get(id);
    if (known !== undefined) return known;
    const found = await this.#client.find({ method: "GET", path: `/clusters/${id}` }, clusterRow, signal);
    if (found !== undefined) this.#clusters.set(id, found);
    return found;
  }
}

/** What a VM without any known level is taken for: the one with the fewest promises. */
const oldestLevel: Level = { major: 4, minor: 2 };

/** The error for a VM that the engine does not have. */
export const vmNotFound = (vmId: string): HoldfastError =>
  new HoldfastError("VM_NOT_FOUND", `the engine has no vm ${vmId}`, { details: { vmId } });
