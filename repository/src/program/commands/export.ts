import { lstat, mkdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { randomName } from "@holdfast/shared/ids/ids";
import { Command, Option } from "commander";
import type { CatalogDisk, CatalogPoint } from "../../catalog/catalog-point.ts";
import type { RepositoryReader } from "../../store/repository-store.ts";
import { type CommandContext, type FolderOptions, openDirectory } from "../context.ts";
import { convertImage, type ImageFormat, imageFormats } from "../convert-image.ts";
import { exportDisk, type SkippedRange } from "../export-disk.ts";
import { writeLine } from "../output.ts";
import { openPartialExport } from "../partial-export.ts";
import { Progress } from "../progress.ts";
import { addKeyOptions, indexOption, locationHelp } from "./options.ts";

interface ExportOptions extends FolderOptions {
  readonly disk?: string;
  readonly all?: boolean;
  readonly to: string;
  readonly format: ImageFormat;
  readonly resume?: boolean;
  readonly force?: boolean;
  readonly skipDamaged?: boolean;
}

/** `export DIR POINT`: writes disks of a point into files. */
export const exportCommand = (context: CommandContext): Command =>
  addKeyOptions(new Command("export"))
    .description("write disks of a restore point into files")
    .argument("<location>", locationHelp)
    .argument("<point>", "id of the point; one marked deleted too")
    .option("--disk <id-or-alias>", "one disk, written to the file of --to")
    .option("--all", "every disk, written into the folder of --to")
    .requiredOption("--to <file-or-dir>", "where to write")
    .addOption(
      new Option("--format <format>", "format of the files; all but raw need qemu-img")
        .choices(imageFormats)
        .default("raw"),
    )
    .option("--resume", "keep what was written when it ends early, and go on there when it is run again")
    .option("--force", "replace files that exist")
    .option("--skip-damaged", "write zeros where a chunk is missing or damaged, and name the ranges")
    .addOption(indexOption())
    .action(async (directory: string, pointId: string, options: ExportOptions) => {
      await using opened = await openDirectory(directory, options, context);
      const point = opened.catalog.require(pointId);
      requireKeys(opened.reader);
      const targets = await chooseTargets(point, options);
      for (const target of targets) await refuseExisting(target.path, options);
      for (const target of targets) await exportOne(context, opened.reader, { ...target, options });
    });

const requireKeys = ({ facts, keys }: RepositoryReader): void => {
  if (facts.encryption === undefined || keys !== undefined) return;
  throw new HoldfastError("KEY_MISSING", `repository ${facts.repositoryId} is encrypted: its disks need a key`);
};

interface Target {
  readonly disk: CatalogDisk;
  readonly path: string;
}

const chooseTargets = async (point: CatalogPoint, options: ExportOptions): Promise<readonly Target[]> => {
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

const refuseExisting = async (path: string, { force }: ExportOptions): Promise<void> => {
  if (force === true) return;
  try {
    await lstat(path);
  } catch {
    return;
  }
  throw new HoldfastError("ALREADY_EXISTS", `${path} exists; --force replaces it`);
};

/** Writes beside the target and renames at the end: a failure spoils nothing, and leaves nothing but what `--resume` goes on with. */
const exportOne = async (
  context: CommandContext,
  reader: RepositoryReader,
  { disk, path, options }: Target & { readonly options: ExportOptions },
): Promise<void> => {
  const { terminal, clock, signal, random } = context;
  const progress = new Progress(terminal.stderr, clock);
  const resumed = options.resume === true ? await openPartialExport(path, disk) : undefined;
  const draft = join(dirname(path), `.${basename(path)}.${randomName(8, random)}`);
  const partial = resumed?.path ?? `${draft}.part`;
  const converted = `${draft}.${options.format}`;
  try {
    const task = {
      disk,
      path: partial,
      skipDamaged: options.skipDamaged === true,
      checkpoint: resumed,
      onProgress: (done: number, total: number) => {
        progress.tell(`${disk.diskId}: ${done} of ${total} chunks`);
      },
    };
    const skipped = await exportDisk(reader, task, signal);
    const { format } = options;
    if (format !== "raw") await convertImage({ raw: partial, target: converted, format }, signal);
    await refuseExisting(path, options);
    await rename(format === "raw" ? partial : converted, path);
    await resumed?.forget();
    progress.end(`${disk.diskId}: written to ${path}`);
    await tellSkipped(context, skipped);
  } finally {
    if (resumed === undefined) await rm(partial, { force: true });
    await rm(converted, { force: true });
  }
};

const tellSkipped = async ({ terminal }: CommandContext, skipped: readonly SkippedRange[]): Promise<void> => {
  for (const { diskId, firstPosition, count, code } of skipped) {
    await writeLine(terminal.stderr, `warning: disk ${diskId} chunks ${firstPosition}+${count} are zeros: ${code}`);
  }
};
