import { openNbd } from "@holdfast/shared/nbd/connection";
import { present } from "../harness/operator.ts";
import { createDice } from "../harness/seed.ts";
import { SeededRandom } from "../simulator/storage/seeded-random.ts";
import type { Ground, GroundVm } from "./ground.ts";
import type { Damage, VmAct } from "./step.ts";

/** What happens to a VM beside backups and restores. */
export type MachineAct = Exclude<
  VmAct,
  { kind: "backup" | "backup-disturbed" | "delete-point" | "restore-disk" | "restore-vm" | "kill" }
>;

const MiB = 1024 * 1024;

/** Does it, as the VM's user or as fate; `number` is that of a disk or snapshot that comes into being. */
export const actOnMachine = async ({ lab }: Ground, vm: GroundVm, act: MachineAct, number: number): Promise<void> => {
  const { control } = lab;
  const diskId = (disk: number): string => present(vm.disks.get(disk));
  switch (act.kind) {
    case "write":
    case "zero":
    case "discard":
      return await actAsGuest({ lab }, vm, diskId(act.disk), act);
    case "add-disk": {
      const size = act.sizeMiB * MiB;
      const fill = { seed: number, bytes: size / 2 };
      vm.disks.set(
        number,
        await control.addDisk(vm.id, { alias: `disk-${number}`, size, format: formats[act.format], fill }),
      );
      return;
    }
    case "remove-disk":
      return await control.removeDisk(vm.id, diskId(act.disk));
    case "grow-disk":
      return await growDisk({ lab }, vm, diskId(act.disk), act.byMiB);
    case "convert-disk":
      return await control.user.convertDisk(vm.id, diskId(act.disk), act.format);
    case "take-snapshot":
      vm.snapshots.set(number, await control.user.takeSnapshot(vm.id, `snapshot ${number}`));
      return;
    case "delete-snapshot":
      return await control.user.deleteSnapshot(vm.id, present(vm.snapshots.get(act.snapshot)));
    case "preview-snapshot":
      return await control.user.preview(vm.id, present(vm.snapshots.get(act.snapshot)));
    case "restore-snapshot":
      return await control.user.restoreSnapshot(vm.id, present(vm.snapshots.get(act.snapshot)));
    case "undo-preview":
      return await control.user.undoPreview(vm.id);
    case "commit-preview":
      return await control.user.commitPreview(vm.id);
    case "power-on":
      return await control.startVm(vm.id);
    case "power-off":
      return await control.stopVm(vm.id);
    case "power-cut":
      return await control.crashVm(vm.id);
    case "lose-host":
      return await loseHost({ lab }, vm);
    case "spoil-bitmaps":
      return await spoil({ lab }, vm, act.damage);
    case "delete-checkpoints":
      for (const id of await checkpointsOf({ lab }, vm)) await control.user.deleteCheckpoint(vm.id, id);
      return;
  }
};

const formats = { cow: "qcow2", raw: "raw" } as const;

/** The host loses its power, and with it the VM, and comes back. */
export const loseHost = async ({ lab }: Pick<Ground, "lab">, vm: GroundVm): Promise<void> => {
  await lab.control.setHostStatus(vm.host, "down");
  await lab.control.setHostStatus(vm.host, "up");
};

const growDisk = async ({ lab }: Pick<Ground, "lab">, vm: GroundVm, diskId: string, byMiB: number): Promise<void> => {
  const { disks } = await lab.control.getVm(vm.id);
  const { sizeBytes } = present(disks.find(({ id }) => id === diskId));
  await lab.control.growDisk(diskId, sizeBytes + byMiB * MiB);
};

const checkpointsOf = async ({ lab }: Pick<Ground, "lab">, vm: GroundVm): Promise<readonly string[]> =>
  (await lab.control.leftovers()).checkpoints.filter(({ vmId }) => vmId === vm.id).map(({ id }) => id);

/** Damages the newest checkpoint; none may be there any more. */
const spoil = async ({ lab }: Pick<Ground, "lab">, vm: GroundVm, damage: Damage): Promise<void> => {
  const checkpointId = (await checkpointsOf({ lab }, vm)).at(-1);
  if (checkpointId !== undefined) await lab.control.spoilCheckpoint(vm.id, checkpointId, damage);
};

interface GuestAct {
  readonly kind: "write" | "zero" | "discard";
  readonly seed: number;
}

const alignment = 4096;
const guestWithinMs = 10_000;

/** One to three places of a disk, anywhere, each up to a MiB long, get other content, zeros, or none. */
const actAsGuest = async (
  { lab }: Pick<Ground, "lab">,
  vm: GroundVm,
  diskId: string,
  { kind, seed }: GuestAct,
): Promise<void> => {
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
