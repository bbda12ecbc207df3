import type { DiskInterface } from "../model/disk.ts";
import type { BiosType, CpuTopology } from "../model/vm.ts";

/** A disk as an OVF names it. */
export interface OvfDisk {
  readonly diskId: string;
  readonly imageId: string;
  readonly alias: string;
  readonly interface: DiskInterface;
  readonly bootable: boolean;
  readonly active: boolean;
}

/** A NIC as an OVF names it. */
export interface OvfNic {
  readonly id: string;
  readonly name: string;
  readonly mac: string;
  readonly interface: "virtio" | "e1000" | "e1000e" | "rtl8139";
  readonly profileName?: string;
  readonly networkName?: string;
}

/** What the simulator reads from, and writes to, an OVF. */
export interface OvfMachine {
  readonly vmId: string;
  readonly name: string;
  readonly description: string;
  readonly comment: string;
  readonly osType: string;
  readonly biosType: BiosType;
  readonly memoryBytes: number;
  readonly cpu: CpuTopology;
  readonly customLevel?: string;
  readonly disks: readonly OvfDisk[];
  readonly nics: readonly OvfNic[];
}

/** Numbers that stand for NIC models. */
export const nicModels = { rtl8139: 1, e1000: 2, virtio: 3, e1000e: 6 } as const;

/** Names of disk buses in an OVF. */
export const diskBuses = { ide: "IDE", virtio: "VirtIO", virtio_scsi: "VirtIO_SCSI", sata: "SATA" } as const;

/** Numbers that stand for firmware and chipset. */
export const biosNumbers = { i440fx_sea_bios: 1, q35_sea_bios: 2, q35_ovmf: 3, q35_secure_boot: 4 } as const;
