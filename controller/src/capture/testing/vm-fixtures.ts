import type { AttachedDisk, VmDetails } from "../../hypervisor/inventory.ts";

/** A plain qcow2 disk of 64 MiB that can be in a backup. */
export const aDisk = (id: string, change: Partial<AttachedDisk> = {}): AttachedDisk => ({
  id,
  alias: `alias-${id}`,
  description: "",
  sizeBytes: 64 * 2 ** 20,
  actualBytes: 2 ** 20,
  format: "cow",
  sparse: true,
  storageType: "image",
  contentType: "data",
  status: "ok",
  shareable: false,
  wipeAfterDelete: false,
  incrementalEnabled: true,
  storageDomainIds: ["sd1"],
  interface: "virtio_scsi",
  bootable: false,
  active: true,
  readOnly: false,
  ...change,
});

/** A VM of level 4.7 that is up. */
export const aVm = (disks: readonly AttachedDisk[], change: Partial<VmDetails> = {}): VmDetails => ({
  id: "vm1",
  name: "vm one",
  description: "",
  status: "up",
  clusterId: "c1",
  hostId: "h1",
  level: { major: 4, minor: 7 },
  memoryBytes: 2 ** 30,
  isManager: false,
  deleteProtected: false,
  disks,
  snapshots: [],
  ...change,
});
