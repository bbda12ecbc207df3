import { z } from "zod";

import { convertDisk } from "../disks/convert-disk.ts";
import { createDisk, editDisk } from "../disks/create-disk.ts";
import { diskBody } from "../disks/disk-body.ts";
import { refreshSizes } from "../disks/make-disk.ts";
import { removeDisk } from "../disks/remove-disk.ts";
import { growDisk } from "../disks/resize-disk.ts";
import type { Engine } from "../engine/engine.ts";
import { MissingEntity, existing } from "../engine/engine-fault.ts";
import { entity, parseBody } from "../http/body.ts";
import { type Answer, type Call, type Handle, accepted, created, flag, ok, param, rows } from "../http/call.ts";
import type { Route } from "../http/router.ts";
import { searchedRows } from "../http/search.ts";
import type { Disk } from "../model/disk.ts";
import { diskResource } from "../rendering/resources/disk.ts";
import { diskSnapshots } from "../rendering/resources/disk-snapshot.ts";
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

const snapshotsOf = (engine: Engine, call: Call): Answer =>
  rows(
    call,
    "disk_snapshot",
    diskSnapshots(engine.world, diskOf(engine, call), {
      active: flag(call, "include_active"),
      template: flag(call, "include_template"),
    }),
  );

const convertBody = entity({ disk: entity({ format: z.enum(["cow", "raw"]) }, ["id", "sparse", "backup"]) }, [
  "async",
  "status",
  "job",
  "fault",
]);

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
  {
    method: "POST",
    pattern: "/disks/:disk/convert",
    handle: (call) => {
      const disk = diskOf(engine, call);
      convertDisk(engine, call.actor, disk, parseBody(convertBody, call.body).disk.format);
      return accepted();
    },
  },
  { method: "GET", pattern: "/disks/:disk/disksnapshots", handle: (call) => snapshotsOf(engine, call) },
];
