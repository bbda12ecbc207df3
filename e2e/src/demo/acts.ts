import { join } from "node:path";
import type { LabVm } from "../simulator/control/control-client.ts";
import { type ClosingRow, mibText } from "./closing-table.ts";
import type { DemoSession, DemoTask } from "./command-line.ts";
import { findExt4Damage } from "./ext4-image.ts";
import { changeDisks } from "./guest-changes.ts";
import type { Narrator } from "./narrator.ts";
import { type Reference, demandEqual, referenceOfNextBackup } from "./reference.ts";
import type { Stage } from "./stage.ts";

/** What every act needs, and what they add up. */
export interface Play {
  readonly stage: Stage;
  readonly narrator: Narrator;
  readonly signal: AbortSignal;
  readonly rows: ClosingRow[];
  /** Number of disks that were compared with a reference, all of them equal. */
  compared: number;
}

/** A backup with what the lab says that it must hold. */
export interface Backup {
  readonly task: DemoTask;
  readonly reference: Reference;
}

/** Runs a job of one VM and tells what was read, deduplicated and stored. */
export const backUp = async (play: Play, vm: LabVm, job: string, name: string): Promise<Backup> => {
  const { stage, narrator } = play;
  const reference = await referenceOfNextBackup(stage, vm, `reference-${play.rows.length}`);
  const { session, task } = await stage.cli.session("job", "run", job);
  const row = rowOf(`${name} of ${vm.name}`, sizeOf(vm), session);
  play.rows.push(row);
  const modes = task.disks.map((disk) => `${disk.alias} ${disk.mode} (${disk.reason}, ${disk.route})`);
  narrator.tell(`${task.capture} capture: ${modes.join(", ")}`);
  narrator.tell(
    `read ${mibText(row.movedBytes)} of ${mibText(row.sizeBytes)}, deduplicated ${mibText(row.deduplicatedBytes)}, stored ${mibText(row.packedBytes)} for ${mibText(row.newBytes)} of new data`,
  );
  return { task, reference };
};

/** The guest writes before and while the backup runs; the backup must hold what was there at its moment, and read only what changed. */
export const backUpWhileGuestWrites = async (play: Play, vm: LabVm, job: string): Promise<Backup> => {
  const { stage, narrator } = play;
  const { control } = stage.lab;
  const changed = await changeDisks(control, vm.id, 11);
  narrator.tell(
    `the guest wrote ${mibText(changed.writtenBytes)}, zeroed ${mibText(changed.zeroedBytes)}, discarded ${mibText(changed.discardedBytes)} through its NBD exports`,
  );
  await control.startWriter(vm.id, { seed: 12, pauseMs: 50, maxLengthBytes: 32 * 1024 });
  const backup = await backUp(play, vm, job, "incremental");
  const logs = await control.stopWriter(vm.id);
  const failed = logs.find((log) => log.failure !== undefined);
  if (failed !== undefined) throw new Error(`the guest could not write: ${failed.failure ?? ""}`);
  const writes = logs.flatMap((log) => {
    const ready = log.marks.find((mark) => mark.phase === "ready")?.moment ?? 0;
    return log.writes.map((write) => write.beganAt > ready);
  });
  narrator.tell(
    `meanwhile it wrote ${writes.length} times more, ${writes.filter(Boolean).length} of them after the freeze`,
  );
  return backup;
};

/** Restores a point as a new VM and compares every disk with what the lab saw. */
export const restoreAndCompare = async (play: Play, { task, reference }: Backup, name: string): Promise<void> => {
  const { stage, narrator } = play;
  const { session, task: restore } = await stage.cli.session("restore", "vm", task.pointId, "--name", name);
  const restored = await stage.lab.control.getVm(restore.restoredVmId);
  play.rows.push({
    ...rowOf(`restore as ${name}`, sizeOf(restored), session),
    movedBytes: session.bytes.writtenBytes,
  });
  for (const disk of reference.vm.disks) {
    const twin = restored.disks.find((one) => one.alias === disk.alias);
    if (twin === undefined) throw new Error(`${name} lacks the disk ${disk.alias}`);
    const copy = join(stage.dir, "restored.raw");
    await stage.lab.control.copyDisk(twin.id, copy);
    await demandEqual(copy, reference, disk);
    play.compared += 1;
    narrator.tell(`${disk.alias}: ${mibText(disk.sizeBytes)}, every byte equals the lab's reference`);
  }
};

/** Takes the disks of a point out as files and compares them; with `fsck`, the file system in each must be clean too. */
export const exportAndCompare = async (play: Play, { task, reference }: Backup, fsck: boolean): Promise<void> => {
  const { stage, narrator, signal } = play;
  for (const disk of reference.vm.disks) {
    const file = join(stage.dir, "exported.raw");
    await stage.cli.run("point", "export", task.pointId, "--disk", disk.id, "--to", file);
    const damage = fsck ? await findExt4Damage(file, signal) : undefined;
    if (damage !== undefined) throw new Error(`the file system on ${disk.alias} is damaged:\n${damage}`);
    await demandEqual(file, reference, disk);
    play.compared += 1;
    narrator.tell(
      `${disk.alias}: ${mibText(disk.sizeBytes)}, every byte equals the lab's reference${fsck ? ", and e2fsck finds its ext4 clean" : ""}`,
    );
  }
};

const sizeOf = (vm: LabVm): number => vm.disks.reduce((sum, disk) => sum + disk.sizeBytes, 0);

const rowOf = (what: string, sizeBytes: number, { bytes, startedMs, endedMs }: DemoSession): ClosingRow => ({
  what,
  sizeBytes,
  movedBytes: bytes.readBytes,
  deduplicatedBytes: bytes.deduplicatedBytes,
  newBytes: bytes.storedBytes,
  packedBytes: bytes.packedBytes,
  tookMs: endedMs - startedMs,
});
