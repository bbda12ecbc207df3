import type { Engine } from "../engine/engine.ts";
import { existing, existingIn } from "../engine/engine-fault.ts";
import { bool, collection, entity, parseBody, text, uuid } from "../http/body.ts";
import { type Answer, type Call, type Handle, accepted, created, ok, param, rows } from "../http/call.ts";
import type { Route } from "../http/router.ts";
import type { Snapshot, Vm } from "../model/vm.ts";
import { writeOvf } from "../ovf/write-ovf.ts";
import { diskResource } from "../rendering/resources/disk.ts";
import { snapshotHref, snapshotResource } from "../rendering/resources/snapshot.ts";
import { createSnapshot } from "../snapshots/create-snapshot.ts";
import { removeSnapshot } from "../snapshots/remove-snapshot.ts";

const snapshotBody = entity(
  {
    description: text.optional(),
    persist_memorystate: bool.optional(),
    disk_attachments: collection(
      "disk_attachment",
      entity({ disk: entity({ id: uuid, image_id: uuid.optional() }, ["alias", "name", "format"]) }, [
        "id",
        "active",
        "bootable",
        "interface",
      ]),
    ).optional(),
  },
  ["id", "date", "vm", "snapshot_status", "snapshot_type", "name", "comment"],
);

const vmOf = (engine: Engine, call: Call): Vm => existing(engine.world.vms, param(call, "vm"));

const snapshotOf = (vm: Vm, call: Call): Snapshot => existingIn(vm.snapshots, param(call, "snapshot"));

const show = (engine: Engine, call: Call, vm: Vm, snapshot: Snapshot) => {
  const ovf = snapshot.type === "active" ? writeOvf(engine.world, vm) : snapshot.ovf;
  return snapshotResource(vm, snapshot, call.allContent ? ovf : undefined);
};

const create = (engine: Engine, call: Call): Answer => {
  const vm = vmOf(engine, call);
  const body = parseBody(snapshotBody, call.body);
  const snapshot = createSnapshot(engine, call.actor, vm, {
    description: body.description,
    // The engine's default, and a trap for clients: memory is saved unless they say otherwise.
    memory: body.persist_memorystate ?? true,
    disks: body.disk_attachments?.map(({ disk }) => ({ diskId: disk.id, imageId: disk.image_id })),
  });
  return created(snapshotResource(vm, snapshot), 202);
};

const disksOf = (engine: Engine, call: Call): Answer => {
  const vm = vmOf(engine, call);
  const snapshot = snapshotOf(vm, call);
  const active = vm.attachments.flatMap(({ diskId }) => engine.world.disks.get(diskId) ?? []);
  const volumes =
    snapshot.type === "active"
      ? active.map((disk) => ({ diskId: disk.id, imageId: disk.imageId, sizeBytes: disk.sizeBytes }))
      : snapshot.volumes;
  const resources = volumes.flatMap((volume) => {
    const disk = engine.world.disks.get(volume.diskId);
    if (disk === undefined) return [];
    const view = { ...volume, snapshotId: snapshot.id, snapshotHref: snapshotHref(vm.id, snapshot.id) };
    return [diskResource(engine.world, disk, { volume: view })];
  });
  return rows(call, "disk", resources);
};

/** `/vms/ID/snapshots` */
export const snapshotRoutes = (engine: Engine): readonly Route<Handle>[] => [
  {
    method: "GET",
    pattern: "/vms/:vm/snapshots",
    handle: (call) => {
      const vm = vmOf(engine, call);
      return rows(
        call,
        "snapshot",
        vm.snapshots.map((one) => show(engine, call, vm, one)),
      );
    },
  },
  { method: "POST", pattern: "/vms/:vm/snapshots", handle: (call) => create(engine, call) },
  {
    method: "GET",
    pattern: "/vms/:vm/snapshots/:snapshot",
    handle: (call) => {
      const vm = vmOf(engine, call);
      return ok(show(engine, call, vm, snapshotOf(vm, call)));
    },
  },
  {
    method: "DELETE",
    pattern: "/vms/:vm/snapshots/:snapshot",
    handle: (call) => {
      const vm = vmOf(engine, call);
      removeSnapshot(engine, call.actor, vm, snapshotOf(vm, call));
      return accepted();
    },
  },
  { method: "GET", pattern: "/vms/:vm/snapshots/:snapshot/disks", handle: (call) => disksOf(engine, call) },
];
