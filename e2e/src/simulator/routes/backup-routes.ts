import { finalizeBackup } from "../backups/finalize-backup.ts";
import { startBackup } from "../backups/start-backup.ts";
import { removeCheckpoint } from "../checkpoints/remove-checkpoint.ts";
import type { Engine } from "../engine/engine.ts";
import { MissingEntity, existing, existingIn } from "../engine/engine-fault.ts";
import { collection, entity, parseBody, reference, text, uuid } from "../http/body.ts";
import { type Answer, type Call, type Handle, accepted, created, flag, ok, param, rows } from "../http/call.ts";
import type { Route } from "../http/router.ts";
import type { Backup } from "../model/backup.ts";
import type { Vm } from "../model/vm.ts";
import { backupResource, checkpointResource } from "../rendering/resources/backup.ts";
import { diskResource } from "../rendering/resources/disk.ts";

const backupBody = entity(
  {
    id: uuid.optional(),
    description: text.optional(),
    from_checkpoint_id: uuid.optional(),
    disks: collection("disk", reference).optional(),
  },
  // A client may send it; the engine makes its own.
  ["to_checkpoint_id", "name", "comment", "host", "vm", "snapshot", "phase", "creation_date", "modification_date"],
);

const vmOf = (engine: Engine, call: Call): Vm => existing(engine.world.vms, param(call, "vm"));

const backupOf = (engine: Engine, call: Call): Backup => {
  const backup = existing(engine.world.backups, param(call, "backup"));
  if (backup.vmId !== vmOf(engine, call).id) throw new MissingEntity(`backup ${backup.id} is of another VM`);
  return backup;
};

const start = (engine: Engine, call: Call): Answer => {
  const vm = vmOf(engine, call);
  const body = parseBody(backupBody, call.body);
  const backup = startBackup(engine, call.actor, vm, {
    id: body.id,
    description: body.description ?? "",
    fromCheckpointId: body.from_checkpoint_id,
    diskIds: (body.disks ?? []).map(({ id }) => id),
    legacy: flag(call, "legacy"),
    requireConsistency: flag(call, "require_consistency"),
  });
  return created(backupResource(backup));
};

const backupDisks = (engine: Engine, call: Call): Answer => {
  const backup = backupOf(engine, call);
  const disks = backup.disks.flatMap(({ diskId }) => engine.world.disks.get(diskId) ?? []);
  return rows(
    call,
    "disk",
    disks.map((disk) => diskResource(engine.world, disk)),
  );
};

const checkpointDisks = (engine: Engine, call: Call): Answer => {
  const checkpoint = existingIn(vmOf(engine, call).checkpoints, param(call, "checkpoint"));
  const disks = checkpoint.diskIds.flatMap((id) => engine.world.disks.get(id) ?? []);
  return rows(
    call,
    "disk",
    disks.map((disk) => diskResource(engine.world, disk)),
  );
};

/** `/vms/ID/backups` */
export const backupRoutes = (engine: Engine): readonly Route<Handle>[] => [
  {
    method: "GET",
    pattern: "/vms/:vm/backups",
    handle: (call) => {
      const vm = vmOf(engine, call);
      const all = [...engine.world.backups.values()].filter((backup) => backup.vmId === vm.id);
      return rows(call, "backup", all.map(backupResource));
    },
  },
  { method: "POST", pattern: "/vms/:vm/backups", handle: (call) => start(engine, call) },
  { method: "GET", pattern: "/vms/:vm/backups/:backup", handle: (call) => ok(backupResource(backupOf(engine, call))) },
  { method: "GET", pattern: "/vms/:vm/backups/:backup/disks", handle: (call) => backupDisks(engine, call) },
  {
    method: "POST",
    pattern: "/vms/:vm/backups/:backup/finalize",
    handle: (call) => {
      finalizeBackup(engine, call.actor, backupOf(engine, call));
      return accepted();
    },
  },
];

/** `/vms/ID/checkpoints` */
export const checkpointRoutes = (engine: Engine): readonly Route<Handle>[] => [
  {
    method: "GET",
    pattern: "/vms/:vm/checkpoints",
    handle: (call) => {
      const vm = vmOf(engine, call);
      return rows(
        call,
        "checkpoint",
        vm.checkpoints.map((one) => checkpointResource(vm.id, one)),
      );
    },
  },
  {
    method: "GET",
    pattern: "/vms/:vm/checkpoints/:checkpoint",
    handle: (call) => {
      const vm = vmOf(engine, call);
      return ok(checkpointResource(vm.id, existingIn(vm.checkpoints, param(call, "checkpoint"))));
    },
  },
  {
    method: "DELETE",
    pattern: "/vms/:vm/checkpoints/:checkpoint",
    handle: (call) => {
      const vm = vmOf(engine, call);
      removeCheckpoint(engine, call.actor, vm, existingIn(vm.checkpoints, param(call, "checkpoint")));
      return accepted();
    },
  },
  { method: "GET", pattern: "/vms/:vm/checkpoints/:checkpoint/disks", handle: (call) => checkpointDisks(engine, call) },
];
