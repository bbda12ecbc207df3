import { rm, stat } from "node:fs/promises";
import { join } from "node:path";

import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { derivedUuid } from "@holdfast/shared/ids/ids";

import type { DiskConfig } from "../config/schema.ts";
import { addDiskRow, makeImage, refreshSizes } from "../disks/make-disk.ts";
import { type Engine, labActor } from "../engine/engine.ts";
import type { Disk, DiskAttachment } from "../model/disk.ts";
import type { VolumeOrigin } from "../storage/block-layer.ts";
import { writeSeededFile } from "./seeded-file.ts";

/** What a configured disk belongs to. */
export interface DiskOwner {
  /** Part of derived ids, so that two owners' disks differ. */
  readonly key: string;
  /** Default alias. */
  readonly name: string;
  /** Disks that `templateDisk` may name. */
  readonly templateDiskIds?: readonly string[];
  readonly ofTemplate?: boolean;
}

interface Contents {
  readonly origin: VolumeOrigin;
  readonly sizeBytes: number;
  /** A file that is only needed until the image exists. */
  readonly temporary?: string;
}

const templateDiskOf = (engine: Engine, wanted: DiskConfig, owner: DiskOwner): Disk | undefined => {
  if (wanted.templateDisk === undefined) return undefined;
  const found = (owner.templateDiskIds ?? [])
    .flatMap((id) => engine.world.disks.get(id) ?? [])
    .find((disk) => disk.alias === wanted.templateDisk);
  if (found === undefined) throw new HoldfastError("NOT_FOUND", `the template has no disk ${wanted.templateDisk}`);
  return found;
};

const contentsOf = async (
  engine: Engine,
  wanted: DiskConfig,
  directory: string,
  base: Disk | undefined,
): Promise<Contents> => {
  const sizeBytes = wanted.size ?? 0;
  if (base !== undefined) {
    const size = Math.max(sizeBytes, base.sizeBytes);
    return { origin: { kind: "overlay", backingId: base.imageId, sizeBytes: size }, sizeBytes: size };
  }
  if (wanted.fill === undefined) return { origin: { kind: "empty", sizeBytes }, sizeBytes };
  if ("image" in wanted.fill) {
    const file = await stat(wanted.fill.image);
    return { origin: { kind: "file", path: wanted.fill.image }, sizeBytes: Math.max(sizeBytes, file.size) };
  }
  const temporary = join(directory, `fill-${Buffer.from(engine.random(8)).toString("hex")}`);
  const { seed, bytes } = wanted.fill;
  await writeSeededFile(temporary, sizeBytes, { seed, bytes: bytes ?? Math.floor(sizeBytes / 2) });
  return { origin: { kind: "file", path: temporary }, sizeBytes, temporary };
};

const addRow = (
  engine: Engine,
  wanted: DiskConfig,
  owner: DiskOwner,
  made: Contents & { readonly base?: Disk | undefined },
): Disk => {
  const alias = wanted.alias ?? owner.name;
  const id = wanted.id ?? derivedUuid("simulator", engine.config.name, "disk", owner.key, alias);
  if (engine.world.disks.has(id)) throw new HoldfastError("ALREADY_EXISTS", `disk ${id} exists`);
  const domains = [...engine.world.storageDomains.values()];
  const domain = domains.find((one) => one.name === wanted.storageDomain) ?? domains[0];
  return addDiskRow(engine, labActor, {
    id,
    imageId: derivedUuid("simulator", engine.config.name, "image", id),
    alias,
    format: wanted.format === "raw" ? "raw" : "cow",
    storageDomainId: domain?.id ?? "",
    backup: wanted.incremental && wanted.format === "qcow2" ? "incremental" : "none",
    shareable: wanted.shareable,
    ofTemplate: owner.ofTemplate ?? false,
    sizeBytes: made.sizeBytes,
    ...(made.base === undefined ? {} : { backingDiskId: made.base.id }),
  });
};

/** Makes a disk of the configuration or the control endpoint; `directory` holds a file of contents for a moment. */
export const addConfiguredDisk = async (
  engine: Engine,
  wanted: DiskConfig,
  owner: DiskOwner,
  directory: string,
): Promise<Disk> => {
  const base = templateDiskOf(engine, wanted, owner);
  const contents = await contentsOf(engine, wanted, directory, base);
  try {
    const disk = addRow(engine, wanted, owner, { ...contents, base });
    await makeImage(engine, labActor, disk, contents.origin);
    if (disk.sizeBytes < contents.sizeBytes) {
      await engine.storage.growVolume(disk.imageId, contents.sizeBytes);
      disk.sizeBytes = contents.sizeBytes;
      await refreshSizes(engine, disk);
    }
    engine.save();
    return disk;
  } finally {
    if (contents.temporary !== undefined) await rm(contents.temporary, { force: true });
  }
};

/** How the configuration attaches a disk; the first one boots unless it says otherwise. */
export const configuredAttachment = (wanted: DiskConfig, diskId: string, isFirst: boolean): DiskAttachment => ({
  diskId,
  active: wanted.active,
  bootable: wanted.bootable ?? isFirst,
  interface: wanted.interface,
  readOnly: false,
  passDiscard: true,
});
