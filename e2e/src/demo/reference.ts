import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { findDifference } from "../harness/compare-files.ts";
import type { LabVm } from "../simulator/control/control-client.ts";
import type { Stage } from "./stage.ts";

/** What the frozen disks of one backup held, copied by the lab straight from QEMU. */
export interface Reference {
  /** The VM as it was then. */
  readonly vm: LabVm;
  /** The raw copy of a disk. */
  readonly fileOf: (diskId: string) => string;
  readonly remove: () => Promise<void>;
}

/** Lets the lab copy the disks of the VM's next backup, before anyone is shown that it is ready. */
export const referenceOfNextBackup = async ({ dir, lab }: Stage, vm: LabVm, name: string): Promise<Reference> => {
  const directory = join(dir, name);
  await mkdir(directory);
  await lab.control.copyAtReady(vm.id, directory);
  return {
    vm,
    fileOf: (diskId) => join(directory, `${diskId}.raw`),
    remove: () => rm(directory, { recursive: true }),
  };
};

/** Compares a raw file with a disk of the reference, byte for byte, and removes it; fails where they differ. */
export const demandEqual = async (file: string, reference: Reference, disk: { id: string; alias: string }) => {
  const difference = await findDifference(file, reference.fileOf(disk.id));
  if (difference !== undefined) throw new Error(`disk ${disk.alias} did not come back as it was: ${difference}`);
  await rm(file);
};
