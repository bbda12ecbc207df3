import { mkdir } from "node:fs/promises";
import { join } from "node:path";

import { type Actor, type Engine, pause } from "../engine/engine.ts";
import { tellPhase } from "../faults/engine-hooks.ts";
import type { Backup } from "../model/backup.ts";
import type { Checkpoint, Vm } from "../model/vm.ts";
import { freezeGuest } from "../vms/freeze.ts";
import { captureSpec } from "./capture-spec.ts";
import { redefineCheckpoints } from "./checkpoint-health.ts";
import { endBackup } from "./end-backup.ts";
import { beginHybridSnapshot, completeHybridSnapshot, dropHybridSnapshot } from "./hybrid-snapshot.ts";

const checkHooks = (engine: Engine, vm: Vm): void => {
  if (engine.hooks.failCapture.delete(vm.id)) throw new Error("the host failed to start the backup");
};

const freeze = (engine: Engine, actor: Actor, vm: Vm, backup: Backup): void => {
  if (vm.status !== "up") return;
  const frozen = freezeGuest(engine, actor, vm);
  if (!frozen && backup.requireConsistency) throw new Error("freezing the guest's file systems failed");
};

const captureHybrid = async (engine: Engine, actor: Actor, vm: Vm, backup: Backup): Promise<void> => {
  const made = beginHybridSnapshot(engine, actor, vm, backup);
  try {
    await pause(engine, "taskMs");
    checkHooks(engine, vm);
    freeze(engine, actor, vm, backup);
    await engine.storage.startCapture(captureSpec(engine, vm, backup, made.overlays));
  } catch (caught) {
    dropHybridSnapshot(engine, vm, backup);
    throw caught;
  }
  completeHybridSnapshot(engine, vm, backup, made);
};

const captureLegacy = async (engine: Engine, actor: Actor, vm: Vm, backup: Backup): Promise<void> => {
  if (backup.kind === "live") {
    await redefineCheckpoints(engine, actor, vm, backup);
    backup.phase = "starting";
    engine.save();
    await pause(engine, "phaseMs");
    freeze(engine, actor, vm, backup);
  }
  checkHooks(engine, vm);
  await engine.storage.startCapture(captureSpec(engine, vm, backup, new Map()));
};

const addCheckpoint = (engine: Engine, vm: Vm, backup: Backup): void => {
  if (backup.toCheckpointId === undefined) return;
  const parent = vm.checkpoints.at(-1);
  const tracked = captureSpec(engine, vm, backup, new Map()).disks.filter((disk) => disk.newCheckpointId !== undefined);
  const checkpoint: Checkpoint = {
    id: backup.toCheckpointId,
    description: backup.description,
    createdMs: backup.createdMs,
    diskIds: tracked.map(({ diskId }) => diskId),
    state: "created",
    removing: false,
    madeBy: backup.madeBy,
    ...(parent === undefined ? {} : { parentId: parent.id }),
  };
  vm.checkpoints.push(checkpoint);
};

/** Copies every frozen disk into `directory` as `<disk id>.raw`, straight from QEMU. */
export const copyFrozenDisks = async (engine: Engine, backup: Backup, directory: string): Promise<void> => {
  await mkdir(directory, { recursive: true });
  for (const { diskId } of backup.disks) {
    await engine.storage.copyCapture(backup.id, diskId, join(directory, `${diskId}.raw`));
  }
};

const becomeReady = async (engine: Engine, vm: Vm, backup: Backup): Promise<void> => {
  const directory = engine.hooks.copyAtReady.get(vm.id);
  if (directory !== undefined) {
    engine.hooks.copyAtReady.delete(vm.id);
    await copyFrozenDisks(engine, backup, directory);
  }
  const every = engine.hooks.copyEveryReady.get(vm.id);
  if (every !== undefined) await copyFrozenDisks(engine, backup, join(every, backup.toCheckpointId ?? backup.id));
  addCheckpoint(engine, vm, backup);
  tellPhase(engine.hooks, backup, "ready");
  backup.phase = "ready";
  engine.save();
};

/** The background part of a backup's start: to `ready`, or through `finalizing` to `failed`. */
export const runCapture = async (engine: Engine, actor: Actor, vm: Vm, backup: Backup): Promise<void> => {
  try {
    await pause(engine, "phaseMs");
    await (backup.kind === "hybrid" ? captureHybrid : captureLegacy)(engine, actor, vm, backup);
    if (backup.aborted) throw new Error("the backup was stopped before it was ready");
    await becomeReady(engine, vm, backup);
    if (backup.aborted) throw new Error("the backup was stopped before it was ready");
  } catch (caught) {
    if (engine.background.signal.aborted) throw caught;
    engine.log.info("a backup failed", { err: caught, backup: backup.id });
    await endBackup(engine, actor, backup, "failed");
  }
};
