import { createDisk, editDisk } from "../disks/create-disk.ts";
import { diskStatus } from "../disks/disk-status.ts";
import { diskBody } from "../disks/disk-body.ts";
import { refreshSizes } from "../disks/make-disk.ts";
import { vmsWithDisk } from "../disks/owners.ts";
import { removeDisk } from "../disks/remove-disk.ts";
import { growDisk } from "../disks/resize-disk.ts";
import type { Engine } from "../engine/engine.ts";
import { MissingEntity, existing } from "../engine/engine-fault.ts";
import { parseBody } from "../http/body.ts";
import { type Answer, type Call, type Handle, accepted, created, ok, param, rows } from "../http/call.ts";
import type { Route } from "../http/router.ts";
import { searchedRows } from "../http/search.ts";
import type { Disk } from "../model/disk.ts";
import { Instant, type Resource } from "../rendering/resource.ts";
import { diskResource } from "../rendering/resources/disk.ts";
import { hrefOf, stubOf } from "../rendering/resources/links.ts";
import { searchableDisk } from "./searchable.ts";

const diskOf = (engine: Engine, call: Call): Disk => {
  const disk = existing(engine.world.disks, param(call, "disk"));
  if (disk.ofTemplate) throw new MissingEntity(`disk ${disk.id} belongs to a template`);
  return disk;
};

const list = (engine: Engine, call: Call): Answer =>
  searchedRows(
    call,
    {
      element: "disk",
      all: [...engine.world.disks.values()].filter((disk) => !disk.ofTemplate),
      searchable: (disk) => searchableDisk(engine.world, disk),
    },
    (disk) => diskResource(engine.world, disk),
  );

const get = async (engine: Engine, call: Call): Promise<Answer> => {
  const disk = diskOf(engine, call);
  if (!disk.busy && call.isFollowed !== true) await refreshSizes(engine, disk);
  return ok(diskResource(engine.world, disk));
};

const update = async (engine: Engine, call: Call): Promise<Answer> => {
  const disk = diskOf(engine, call);
  const body = parseBody(diskBody, call.body);
  editDisk(engine, disk, body);
  if (body.provisioned_size !== undefined) await growDisk(engine, disk, body.provisioned_size);
  return ok(diskResource(engine.world, disk));
};

/** The layers of a disk, oldest first; the active one when `include_active` asks for it. */
const diskSnapshots = (engine: Engine, call: Call): Answer => {
  const disk = diskOf(engine, call);
  const older = vmsWithDisk(engine.world, disk.id).flatMap((vm) =>
    vm.snapshots.flatMap((snapshot) =>
      snapshot.volumes
        .filter(({ diskId }) => diskId === disk.id)
        .map(({ imageId, sizeBytes }) => ({ imageId, sizeBytes, createdMs: snapshot.createdMs })),
    ),
  );
  const active = { imageId: disk.imageId, sizeBytes: disk.sizeBytes, createdMs: disk.createdMs };
  const layers = call.query.get("include_active") === "true" ? [...older, active] : older;
  const resources = layers.map((layer, index): Resource => ({
    element: "disk_snapshot",
    id: layer.imageId,
    href: `${hrefOf("disks", disk.id)}/disksnapshots/${layer.imageId}`,
    fields: {
      image_id: layer.imageId,
      provisioned_size: layer.sizeBytes,
      status: diskStatus(engine.world, disk),
      disk: stubOf("disk", "disks", disk.id),
      creation_time: new Instant(layer.createdMs),
      parent: index === 0 ? undefined : { element: "disk_snapshot", id: layers[index - 1]?.imageId, fields: {} },
    },
  }));
  return rows(call, "disk_snapshot", resources);
};

/** `/disks` */
export const diskRoutes = (engine: Engine): readonly Route<Handle>[] => [
  { method: "GET", pattern: "/disks", handle: (call) => list(engine, call) },
  {
    method: "POST",
    pattern: "/disks",
    handle: (call) =>
      created(diskResource(engine.world, createDisk(engine, call.actor, parseBody(diskBody, call.body))), 202),
  },
  { method: "GET", pattern: "/disks/:disk", handle: (call) => get(engine, call) },
  { method: "PUT", pattern: "/disks/:disk", handle: (call) => update(engine, call) },
  {
    method: "DELETE",
    pattern: "/disks/:disk",
    handle: (call) => {
      removeDisk(engine, call.actor, diskOf(engine, call));
      return accepted();
    },
  },
  { method: "GET", pattern: "/disks/:disk/disksnapshots", handle: (call) => diskSnapshots(engine, call) },
];
