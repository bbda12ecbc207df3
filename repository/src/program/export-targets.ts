import { lstat, mkdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { CatalogDisk, CatalogPoint } from "../catalog/catalog-point.ts";
import type { ImageFormat } from "./convert-image.ts";

/** Which disks are exported, and where to. */
export interface TargetOptions {
  readonly disk?: string;
  readonly all?: boolean;
  readonly to: string;
  readonly format: ImageFormat;
  readonly force?: boolean;
}

/** A disk and the file that it is written to. */
export interface ExportTarget {
  readonly disk: CatalogDisk;
  readonly path: string;
}

/** One file, or one for each disk that has content in a folder that is made where it is not. INVALID_ARGUMENT, NOT_FOUND. */
export const chooseTargets = async (point: CatalogPoint, options: TargetOptions): Promise<readonly ExportTarget[]> => {
  if ((options.disk === undefined) === (options.all !== true)) {
    throw new HoldfastError("INVALID_ARGUMENT", "say either --disk or --all");
  }
  if (options.disk !== undefined) return [{ disk: findDisk(point, options.disk), path: options.to }];
  await mkdir(options.to, { recursive: true });
  return point.disks
    .filter(({ tree }) => tree !== undefined)
    .map((disk) => ({ disk, path: join(options.to, `${fileName(disk.diskId)}.${options.format}`) }));
};

const findDisk = (point: CatalogPoint, name: string): CatalogDisk => {
  const byId = point.disks.find(({ diskId }) => diskId === name);
  const byAlias = point.disks.filter(({ alias }) => alias === name);
  const disk = byId ?? (byAlias.length === 1 ? byAlias[0] : undefined);
  if (disk) return disk;
  const ids = point.disks.map(({ diskId }) => diskId).join(", ");
  throw new HoldfastError("NOT_FOUND", `point ${point.pointId} has no one disk ${name}; its disks are ${ids}`);
};

/** A disk's id as a file name: what could leave the folder is replaced. */
const fileName = (diskId: string): string => basename(diskId.replaceAll(/[^0-9A-Za-z._-]/g, "_"));

/** ALREADY_EXISTS unless what is there may be replaced. */
export const refuseExisting = async (path: string, { force }: Pick<TargetOptions, "force">): Promise<void> => {
  if (force === true) return;
  try {
    await lstat(path);
  } catch {
    return;
  }
  throw new HoldfastError("ALREADY_EXISTS", `${path} exists; --force replaces it`);
};
