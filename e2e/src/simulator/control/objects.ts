import { isBackupOpen } from "../model/backup.ts";
import { isTransferOpen } from "../model/transfer.ts";
import type { Engine } from "../engine/engine.ts";
import { vmsWithDisk } from "../disks/owners.ts";
import { livingChildren } from "../storage/child.ts";

/** Something that exists, with who made it: `lab` is the user, anything else a login of the API. */
export interface Made {
  readonly id: string;
  readonly description: string;
  readonly madeBy: string;
}

/** Everything that could be left behind on an engine and its hosts. */
export interface Leftovers {
  /** Every VM, disk and checkpoint, with its maker. */
  readonly vms: readonly (Made & { readonly name: string; readonly status: string })[];
  readonly disks: readonly (Made & {
    readonly alias: string;
    readonly vmIds: readonly string[];
    readonly illegal: boolean;
  })[];
  readonly checkpoints: readonly (Made & { readonly vmId: string; readonly state: string })[];
  /** Snapshots other than the active ones; `byBackup` were made by the engine for a hybrid backup. */
  readonly snapshots: readonly (Made & { readonly vmId: string; readonly byBackup: boolean })[];
  /** Backups that are not over. */
  readonly backups: readonly (Made & { readonly vmId: string; readonly phase: string })[];
  /** Transfers that are not over. */
  readonly transfers: readonly (Made & { readonly diskId: string; readonly phase: string })[];
  /** Number of tickets that hosts and proxy hold; their ids are permissions and are not told. */
  readonly tickets: number;
  /** Files on the storage that no disk or snapshot of the engine is. */
  readonly strayVolumes: readonly string[];
  /** Bitmaps of no checkpoint that the engine knows. */
  readonly strayBitmaps: readonly { readonly diskId: string; readonly checkpointId: string }[];
  /** Processes that serve disks now, beside one for each running VM. */
  readonly exportProcesses: readonly { readonly program: string; readonly pid: number }[];
  readonly runningVms: readonly string[];
  /** Ids of running VMs whose guests a client froze and nobody thawed. */
  readonly frozenGuests: readonly string[];
}

const strayVolumes = async (engine: Engine): Promise<readonly string[]> => {
  const known = new Set([
    ...[...engine.world.disks.values()].map((disk) => disk.imageId),
    ...[...engine.world.vms.values()].flatMap((vm) =>
      vm.snapshots.flatMap(({ volumes }) => volumes.map(({ imageId }) => imageId)),
    ),
  ]);
  return (await engine.storage.listVolumes()).filter((id) => !known.has(id));
};

const strayBitmaps = async (engine: Engine): Promise<Leftovers["strayBitmaps"]> => {
  const found: { diskId: string; checkpointId: string }[] = [];
  for (const disk of engine.world.disks.values()) {
    if (disk.busy || disk.format === "raw") continue;
    const known = new Set(vmsWithDisk(engine.world, disk.id).flatMap((vm) => vm.checkpoints.map(({ id }) => id)));
    const planned = new Set(
      [...engine.world.backups.values()].filter(isBackupOpen).map((backup) => backup.toCheckpointId),
    );
    for (const { checkpointId } of await engine.storage.listCheckpoints(disk.imageId)) {
      if (!known.has(checkpointId) && !planned.has(checkpointId)) found.push({ diskId: disk.id, checkpointId });
    }
  }
  return found;
};

const rowsOf = (
  engine: Engine,
): Pick<Leftovers, "vms" | "disks" | "checkpoints" | "snapshots" | "backups" | "transfers"> => {
  const { world } = engine;
  const vms = [...world.vms.values()];
  return {
    vms: vms.map(({ id, name, description, status, madeBy }) => ({ id, name, description, status, madeBy })),
    disks: [...world.disks.values()]
      .filter((disk) => !disk.ofTemplate)
      .map(({ id, alias, description, madeBy, illegal }) => ({
        id,
        alias,
        description,
        madeBy,
        illegal,
        vmIds: vmsWithDisk(world, id).map((vm) => vm.id),
      })),
    checkpoints: vms.flatMap((vm) =>
      vm.checkpoints.map(({ id, description, madeBy, state }) => ({ id, description, madeBy, state, vmId: vm.id })),
    ),
    snapshots: vms.flatMap((vm) =>
      vm.snapshots
        .filter(({ type }) => type !== "active")
        .map(({ id, description, madeBy, byBackup }) => ({ id, description, madeBy, byBackup, vmId: vm.id })),
    ),
    backups: [...world.backups.values()]
      .filter(isBackupOpen)
      .map(({ id, description, madeBy, vmId, phase }) => ({ id, description, madeBy, vmId, phase })),
    transfers: [...world.transfers.values()]
      .filter(isTransferOpen)
      .map(({ id, madeBy, source, phase }) => ({ id, description: "", madeBy, diskId: source.diskId, phase })),
  };
};

/** Looks at model, storage, daemons and processes. */
export const listLeftovers = async (engine: Engine): Promise<Leftovers> => {
  const daemons = [
    ...engine.imageio.hosts.values(),
    ...(engine.imageio.proxy === undefined ? [] : [engine.imageio.proxy]),
  ];
  return {
    ...rowsOf(engine),
    tickets: daemons.reduce((sum, daemon) => sum + daemon.tickets.list().length, 0),
    strayVolumes: await strayVolumes(engine),
    strayBitmaps: await strayBitmaps(engine),
    exportProcesses: livingChildren()
      .filter(({ program }) => program.endsWith("qemu-nbd"))
      .map(({ program, pid }) => ({ program, pid })),
    frozenGuests: [...engine.world.vms.values()]
      .filter(({ id, frozen }) => frozen === true && engine.storage.isRunning(id))
      .map(({ id }) => id),
    runningVms: [...engine.world.vms.keys()].filter((id) => engine.storage.isRunning(id)),
  };
};
