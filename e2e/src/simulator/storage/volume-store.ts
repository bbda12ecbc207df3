import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { mkdir, readdir, rm } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { z } from "zod";
import type { BitmapFacts, VolumeFacts, VolumeFormat, VolumeSpec } from "./block-layer.ts";
import { runTool } from "./child.ts";
import { readBackingName } from "./qcow2-header.ts";

/** One file of a chain. */
export interface VolumeFile {
  readonly volumeId: string;
  readonly format: VolumeFormat;
  readonly path: string;
}

/** Bitmaps of this name's beginning are ours for the time of a capture, not checkpoints. */
export const captureBitmapPrefix = "capture-";

const idPattern = /^[0-9A-Za-z][0-9A-Za-z._-]{0,99}$/;
const extensions: Record<VolumeFormat, string> = { cow: ".qcow2", raw: ".raw" };
const drivers: Record<VolumeFormat, string> = { cow: "qcow2", raw: "raw" };

const imageSchema = z.object({
  filename: z.string(),
  "virtual-size": z.number(),
  "actual-size": z.number(),
  "backing-filename": z.string().optional(),
  "format-specific": z
    .object({
      data: z.looseObject({ bitmaps: z.array(z.object({ name: z.string(), flags: z.array(z.string()) })).optional() }),
    })
    .optional(),
});
type Image = z.infer<typeof imageSchema>;

/** QEMU's name of the driver of a format. */
export const driverOf = (format: VolumeFormat): string => drivers[format];

/**
 * Volumes as files of one directory. The extension tells the format (a guest can write a header of another format into a raw
 * volume); backing files are named relative to the directory, so it may be moved.
 */
export class VolumeStore {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  async open(): Promise<void> {
    await mkdir(this.#dir, { recursive: true });
  }

  async list(): Promise<readonly string[]> {
    const names = await readdir(this.#dir);
    return names.map((name) => basename(name, extname(name))).toSorted();
  }

  /** The file of a volume; NOT_FOUND when there is none. */
  async find(volumeId: string): Promise<VolumeFile> {
    const file = await this.#lookUp(volumeId);
    if (!file) throw new HoldfastError("NOT_FOUND", `there is no volume ${volumeId}`);
    return file;
  }

  async create(spec: VolumeSpec): Promise<void> {
    if (!idPattern.test(spec.id)) throw new HoldfastError("INVALID_ARGUMENT", `a volume cannot be called ${spec.id}`);
    if (await this.#lookUp(spec.id)) throw new HoldfastError("ALREADY_EXISTS", `the volume ${spec.id} exists already`);
    const path = this.#path(spec.id, spec.format);
    try {
      await this.#make(spec, path);
    } catch (caught) {
      await rm(path, { force: true });
      throw caught;
    }
  }

  async remove(volumeId: string): Promise<void> {
    const file = await this.#lookUp(volumeId);
    if (file) await rm(file.path, { force: true });
  }

  /** Grows a volume that no process has open for writing. */
  async grow(volumeId: string, sizeBytes: number): Promise<void> {
    const file = await this.find(volumeId);
    await runTool("qemu-img", ["resize", "-q", "-f", driverOf(file.format), file.path, String(sizeBytes)]);
  }

  async inspect(volumeId: string): Promise<VolumeFacts> {
    const file = await this.find(volumeId);
    const image = await this.#image(file);
    const backing = image["backing-filename"];
    return {
      id: volumeId,
      format: file.format,
      sizeBytes: image["virtual-size"],
      actualBytes: image["actual-size"],
      ...(backing === undefined ? {} : { backingId: toId(backing) }),
    };
  }

  /** All bitmaps that the file lists, those of captures too; what a running process knows better is not in it. */
  async bitmaps(volumeId: string): Promise<readonly BitmapFacts[]> {
    const image = await this.#image(await this.find(volumeId));
    return (image["format-specific"]?.data.bitmaps ?? []).map(({ name, flags }) => ({
      checkpointId: name,
      recording: flags.includes("auto"),
      sound: !flags.includes("in-use"),
    }));
  }

  /** The volume and what backs it, topmost first. */
  async chain(volumeId: string): Promise<readonly VolumeFile[]> {
    const file = await this.find(volumeId);
    const args = ["info", "-U", "--backing-chain", "--output=json", "-f", driverOf(file.format), file.path];
    const images = z.array(imageSchema).parse(JSON.parse(await runTool("qemu-img", args)));
    return Promise.all(images.map(({ filename }) => this.find(toId(filename))));
  }

  /** The volumes that stand directly on this one. */
  async children(volumeId: string): Promise<readonly string[]> {
    const names = (await readdir(this.#dir)).filter((name) => name.endsWith(extensions.cow));
    const backings = await Promise.all(names.map((name) => readBackingName(join(this.#dir, name))));
    return names.filter((_, index) => toId(backings[index] ?? "") === volumeId).map(toId);
  }

  async #make(spec: VolumeSpec, path: string): Promise<void> {
    const driver = driverOf(spec.format);
    const { origin } = spec;
    switch (origin.kind) {
      case "empty":
        await runTool("qemu-img", ["create", "-q", "-f", driver, path, String(origin.sizeBytes)]);
        return;
      case "overlay":
        if (spec.format === "raw") throw new HoldfastError("INVALID_ARGUMENT", "a raw volume cannot be an overlay");
        await this.#makeOverlay(path, origin.backingId, origin.sizeBytes);
        return;
      case "copy": {
        const source = await this.find(origin.sourceId);
        await runTool("qemu-img", ["convert", "-q", "-f", driverOf(source.format), "-O", driver, source.path, path]);
        return;
      }
      case "file":
        await runTool("qemu-img", ["convert", "-q", "-f", "raw", "-O", driver, origin.path, path]);
    }
  }

  /** `-u`: the backing volume may be open in a running VM, and its size is known. */
  async #makeOverlay(path: string, backingId: string, sizeBytes?: number): Promise<void> {
    const backing = await this.find(backingId);
    const size = sizeBytes ?? (await this.inspect(backingId)).sizeBytes;
    const on = ["-u", "-b", basename(backing.path), "-F", driverOf(backing.format)];
    await runTool("qemu-img", ["create", "-q", "-f", "qcow2", ...on, path, String(size)]);
  }

  async #image(file: VolumeFile): Promise<Image> {
    const args = ["info", "-U", "--output=json", "-f", driverOf(file.format), file.path];
    return imageSchema.parse(JSON.parse(await runTool("qemu-img", args)));
  }

  #path(volumeId: string, format: VolumeFormat): string {
    return join(this.#dir, `${volumeId}${extensions[format]}`);
  }

  async #lookUp(volumeId: string): Promise<VolumeFile | undefined> {
    const names = new Set(await readdir(this.#dir));
    for (const format of ["cow", "raw"] as const) {
      const path = this.#path(volumeId, format);
      if (names.has(basename(path))) return { volumeId, format, path };
    }
    return undefined;
  }
}

const toId = (path: string): string => basename(path, extname(path));
