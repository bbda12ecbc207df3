import type { Actor, Engine } from "../engine/engine.ts";
import { conflict, incomplete, refused } from "../engine/engine-fault.ts";
import { newUuid } from "../engine/new-uuid.ts";
import { defined } from "../model/defined.ts";
import type { Disk, DiskFormat } from "../model/disk.ts";
import type { StorageDomain } from "../model/inventory.ts";
import { checkDomainActive, checkDomainRoom } from "../domains/domain-rules.ts";
import type { DiskBody } from "./disk-body.ts";
import { addDiskRow, makeImage } from "./make-disk.ts";

const action = "Cannot add Virtual Disk";

const domainOf = (engine: Engine, body: DiskBody): StorageDomain => {
  const [wanted] = body.storage_domains ?? [];
  const all = [...engine.world.storageDomains.values()];
  if (wanted === undefined) throw incomplete("Disk [storageDomains.storageDomain.id|name] required for add");
  const domain = all.find((one) => one.id === wanted.id || one.name === wanted.name);
  if (domain === undefined) throw refused(`${action}. Storage Domain doesn't exist.`);
  return domain;
};

const checkIds = (engine: Engine, body: DiskBody): void => {
  const { disks } = engine.world;
  if (body.id !== undefined && disks.has(body.id)) throw conflict(`${action}. Disk ${body.id} already exists.`);
  if (body.image_id !== undefined && [...disks.values()].some((disk) => disk.imageId === body.image_id)) {
    throw conflict(`${action}. Image ${body.image_id} already exists.`);
  }
};

interface Shape {
  readonly format: DiskFormat;
  readonly sizeBytes: number;
}

const shapeOf = (body: DiskBody): Shape => {
  const { provisioned_size: sizeBytes, format } = body;
  if (sizeBytes === undefined || format === undefined)
    throw incomplete("Disk [provisionedSize, format] required for add");
  if (sizeBytes <= 0) throw refused(`${action}. The size of the disk must be greater than 0.`);
  if (body.backup === "incremental" && format === "raw") {
    throw refused(`${action}. Incremental backup is not supported for RAW format disks.`);
  }
  return { format, sizeBytes: Math.ceil(sizeBytes / 512) * 512 };
};

/** `POST /disks`: a floating disk, locked until its image is there; `ready` is called then. */
export const createDisk = (engine: Engine, actor: Actor, body: DiskBody, ready?: () => Promise<void>): Disk => {
  const shape = shapeOf(body);
  const domain = domainOf(engine, body);
  checkIds(engine, body);
  checkDomainActive(domain, action);
  checkDomainRoom(engine, domain, action, shape.format === "raw" && body.sparse !== true ? shape.sizeBytes : 0);
  const id = body.id ?? newUuid(engine.random);
  const disk = addDiskRow(engine, actor, {
    id,
    imageId: body.image_id ?? newUuid(engine.random),
    alias: body.alias ?? body.name ?? `Disk-${id.slice(0, 8)}`,
    storageDomainId: domain.id,
    sparse: shape.format === "cow",
    ...shape,
    ...defined({
      description: body.description,
      sparse: body.sparse,
      backup: body.backup,
      shareable: body.shareable,
      wipeAfterDelete: body.wipe_after_delete,
    }),
  });
  engine.background.run("create disk", async () => {
    await makeImage(engine, actor, disk, { kind: "empty", sizeBytes: disk.sizeBytes });
    await ready?.();
  });
  return disk;
};

/** `PUT` of a disk's plain attributes; the size is grown by `growDisk`. */
export const editDisk = (engine: Engine, disk: Disk, body: DiskBody): void => {
  if (body.backup === "incremental" && disk.format === "raw") {
    throw refused("Cannot edit Virtual Disk. Incremental backup is not supported for RAW format disks.");
  }
  disk.alias = body.alias ?? body.name ?? disk.alias;
  disk.description = body.description ?? disk.description;
  disk.backup = body.backup ?? disk.backup;
  disk.wipeAfterDelete = body.wipe_after_delete ?? disk.wipeAfterDelete;
  engine.save();
};
