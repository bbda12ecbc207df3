import { openNbd } from "@holdfast/shared/nbd/connection";
import type { Lab } from "../harness/lab.ts";
import { present } from "../harness/operator.ts";
import { createDice } from "../harness/seed.ts";
import { SeededRandom } from "../simulator/storage/seeded-random.ts";
import type { Ground, GroundVm } from "./ground.ts";
import type { Damage, VmAct } from "./step.ts";

const notOfMachines = ["kill", "backup", "backup-disturbed", "delete-point", "restore-disk", "restore-vm"] as const;

/** What happens to a VM beside backups and restores. */
export type MachineAct = Exclude<VmAct, { kind: (typeof notOfMachines)[number] }>;

/** True for what is done to a VM, rather than to Holdfast. */
export const isMachineAct = (act: VmAct): act is MachineAct => !notOfMachines.some((kind) => kind === act.kind);

const MiB = 1024 * 1024;

/** Where a deed is done. */
interface Place {
  readonly lab: Lab;
  readonly vm: GroundVm;
  /** Number of the disk or snapshot that comes into being. */
  readonly number: number;
}

type Deeds = {
  readonly [Kind in MachineAct["kind"]]: (
    place: Place,
    act: Extract<MachineAct, { readonly kind: Kind }>,
  ) => Promise<void>;
};

const snapshotIdOf = (vm: GroundVm, snapshot: number): string => present(vm.snapshots.get(snapshot));
const diskIdOf = (vm: GroundVm, disk: number): string => present(vm.disks.get(disk));

const deeds: Deeds = {
  write: (place, act) => actAsGuest(place, act),
  zero: (place, act) => actAsGuest(place, act),
  discard: (place, act) => actAsGuest(place, act),
  "add-disk": async ({ lab, vm, number }, { sizeMiB, format }) => {
    const size = sizeMiB * MiB;
    const fill = { seed: number, bytes: size / 2 };
    const disk = { alias: `disk-${number}`, size, format: formats[format], fill };
    vm.disks.set(number, await lab.control.addDisk(vm.id, disk));
  },
  "remove-disk": ({ lab, vm }, { disk }) => lab.control.removeDisk(vm.id, diskIdOf(vm, disk)),
  "grow-disk": (place, { disk, byMiB }) => growDisk(place, diskIdOf(place.vm, disk), byMiB),
  "convert-disk": ({ lab, vm }, { disk, format }) => lab.control.user.convertDisk(vm.id, diskIdOf(vm, disk), format),
  "take-snapshot": async ({ lab, vm, number }) => {
    vm.snapshots.set(number, await lab.control.user.takeSnapshot(vm.id, `snapshot ${number}`));
  },
  "delete-snapshot": ({ lab, vm }, { snapshot }) => lab.control.user.deleteSnapshot(vm.id, snapshotIdOf(vm, snapshot)),
  "preview-snapshot": ({ lab, vm }, { snapshot }) => lab.control.user.preview(vm.id, snapshotIdOf(vm, snapshot)),
  "restore-snapshot": ({ lab, vm }, { snapshot }) =>
    lab.control.user.restoreSnapshot(vm.id, snapshotIdOf(vm, snapshot)),
  "undo-preview": ({ lab, vm }) => lab.control.user.undoPreview(vm.id),
  "commit-preview": ({ lab, vm }) => lab.control.user.commitPreview(vm.id),
  "power-on": ({ lab, vm }) => lab.control.startVm(vm.id),
  "power-off": ({ lab, vm }) => lab.control.stopVm(vm.id),
  "power-cut": ({ lab, vm }) => lab.control.crashVm(vm.id),
  "lose-host": ({ lab, vm }) => loseHost({ lab }, vm),
  "spoil-bitmaps": (place, { damage }) => spoil(place, damage),
  "delete-checkpoints": async (place) => {
    for (const id of await checkpointsOf(place)) await place.lab.control.user.deleteCheckpoint(place.vm.id, id);
  },
};

/** Does it, as the VM's user or as fate; `number` is that of a disk or snapshot that comes into being. */
export const actOnMachine = async (
  { lab }: Pick<Ground, "lab">,
  vm: GroundVm,
  act: MachineAct,
  number: number,
): Promise<void> => {
  const deed = deeds[act.kind] as (place: Place, act: MachineAct) => Promise<void>;
  await deed({ lab, vm, number }, act);
};

const formats = { cow: "qcow2", raw: "raw" } as const;

/** The host loses its power, and with it the VM, and comes back. */
export const loseHost = async ({ lab }: Pick<Ground, "lab">, vm: GroundVm): Promise<void> => {
  await lab.control.setHostStatus(vm.host, "down");
  await lab.control.setHostStatus(vm.host, "up");
};

const growDisk = async ({ lab, vm }: Place, diskId: string, byMiB: number): Promise<void> => {
  const { disks } = await lab.control.getVm(vm.id);
  const { sizeBytes } = present(disks.find(({ id }) => id === diskId));
  await lab.control.growDisk(diskId, sizeBytes + byMiB * MiB);
};

const checkpointsOf = async ({ lab, vm }: Place): Promise<readonly string[]> =>
  (await lab.control.leftovers()).checkpoints.filter(({ vmId }) => vmId === vm.id).map(({ id }) => id);

/** Damages the newest checkpoint; none may be there any more. */
const spoil = async (place: Place, damage: Damage): Promise<void> => {
  const { lab, vm } = place;
  const checkpointId = (await checkpointsOf(place)).at(-1);
  if (checkpointId !== undefined) await lab.control.spoilCheckpoint(vm.id, checkpointId, damage);
};

interface GuestAct {
  readonly kind: "write" | "zero" | "discard";
  readonly disk: number;
  readonly seed: number;
}

const alignment = 4096;
const guestWithinMs = 10_000;

/** One to three places of a disk, anywhere, each up to a MiB long, get other content, zeros, or none. */
const actAsGuest = async ({ lab, vm }: Place, { kind, disk, seed }: GuestAct): Promise<void> => {
  const diskId = diskIdOf(vm, disk);
  const address = present((await lab.control.guestDisks(vm.id)).find((one) => one.diskId === diskId));
  await using guest = await openNbd(address, { signal: AbortSignal.timeout(guestWithinMs) });
  const dice = createDice(seed);
  const random = new SeededRandom(seed);
  const blocks = guest.sizeBytes / alignment;
  for (let left = 1 + dice.below(3); left > 0; left -= 1) {
    const offset = dice.below(blocks) * alignment;
    const length = Math.min(guest.sizeBytes - offset, (1 + dice.below(MiB / alignment)) * alignment);
    if (kind === "zero") await guest.writeZeroes(offset, length);
    else if (kind === "discard") await guest.trim(offset, length);
    else {
      const content = Buffer.alloc(length);
      random.fill(content);
      await guest.write(content, offset);
    }
  }
  await guest.flush();
};
