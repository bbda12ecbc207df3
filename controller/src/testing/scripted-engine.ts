import type { Hypervisor } from "../hypervisor/hypervisor.ts";
import type { AttachedDisk, Inventory, StorageDomain, Vm } from "../hypervisor/inventory.ts";
import type { EngineConnector } from "../inventory/engine-connector.ts";

/** A VM for tests, without disks unless given. */
export const testVm = (name: string, clusterId: string, facts: Partial<Vm> = {}): Vm => ({
  id: `id-${name}`,
  name,
  description: "",
  status: "up",
  clusterId,
  hostId: undefined,
  level: { major: 4, minor: 7 },
  memoryBytes: 0,
  isManager: false,
  deleteProtected: false,
  disks: [],
  ...facts,
});

/** A disk of a VM on a storage domain, for tests. */
export const testDisk = (id: string, storageDomainId: string): AttachedDisk => ({
  id,
  alias: id,
  description: "",
  sizeBytes: 1,
  actualBytes: 1,
  format: "cow",
  sparse: true,
  storageType: "image",
  contentType: "data",
  status: "ok",
  shareable: false,
  wipeAfterDelete: false,
  incrementalEnabled: true,
  storageDomainIds: [storageDomainId],
  interface: "virtio",
  bootable: true,
  active: true,
  readOnly: false,
});

/** A storage domain of data center `dc`, for tests. */
export const testDomain = (id: string, name: string): StorageDomain => ({
  id,
  name,
  type: "data",
  storageType: "nfs",
  dataCenterIds: ["dc"],
  availableBytes: 1,
  usedBytes: 1,
  blockedBelowBytes: 1,
  forBackup: false,
});

/** An inventory of two clusters, each with a host. */
export const testInventory = (vms: readonly Vm[]): Inventory => ({
  clusters: ["c1", "c2"].map((id) => ({ id, name: id, level: { major: 4, minor: 7 }, dataCenterId: "dc" })),
  hosts: ["c1", "c2"].map((clusterId) => ({
    id: `h-${clusterId}`,
    name: `h-${clusterId}`,
    address: "127.0.0.1",
    clusterId,
    status: "up",
  })),
  storageDomains: [],
  vms,
});

/** Engines that only tell who they are and what they have: all that claims, heartbeats and reports need of one. */
export const scriptedEngines = (inventory: Inventory): EngineConnector => ({
  open: () => {
    const engine: Partial<Hypervisor> = {
      loginState: () => ({ state: "logged-in" }),
      identify: () => Promise.resolve({ instanceId: "e1", productName: "test", version: "4.5.6" }),
      postEvent: () => Promise.resolve(),
      readInventory: () => Promise.resolve(inventory),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
    return engine as Hypervisor;
  },
  probe: () => Promise.reject(new Error("not probed in this test")),
  checkApi: () => Promise.resolve(),
  describeAnchor: (pem) => ({ subject: pem, issuer: pem, sha256Fingerprint: "", notAfterMs: 0, daysLeft: 0, pem }),
  test: () => Promise.resolve([]),
});
