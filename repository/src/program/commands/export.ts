import { rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { toIso } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { randomName } from "@holdfast/shared/ids/ids";
import { Command, Option } from "commander";
import type { CatalogPoint } from "../../catalog/catalog-point.ts";
import type { RepositoryReader } from "../../store/repository-store.ts";
import { type CommandContext, type FolderOptions, type OpenedDirectory, openDirectory } from "../context.ts";
import { convertImage, imageFormats } from "../convert-image.ts";
import { exportDisk, type SkippedRange } from "../export-disk.ts";
import { chooseTargets, type ExportTarget, refuseExisting, type TargetOptions } from "../export-targets.ts";
import { type Format, tellJson, writeLine } from "../output.ts";
import { openPartialExport } from "../partial-export.ts";
import { addFilterOptions, type FilterOptions, filterPoints, newestOf } from "../point-filter.ts";
import { Progress } from "../progress.ts";
import { addKeyOptions, formatOption, indexOption, locationHelp } from "./options.ts";

interface ExportOptions extends FolderOptions, FilterOptions, TargetOptions {
  readonly output: Format;
  readonly resume?: boolean;
  readonly skipDamaged?: boolean;
}

/** `export DIR [POINT]`: writes disks of a point into files. */
export const exportCommand = (context: CommandContext): Command =>
  addFilterOptions(addKeyOptions(new Command("export")))
    .description("write disks of a restore point into files")
    .argument("<location>", locationHelp)
    .argument("[point]", "id of the point, one marked deleted too; without, the newest good one that the options leave")
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
    .option(
      "--skip-damaged",
      "write zeros where a chunk is missing or damaged, name the ranges, and end with exit code 3",
    )
    .addOption(formatOption())
    .addOption(indexOption())
    .action(async (directory: string, pointId: string | undefined, options: ExportOptions) => {
      await using opened = await openDirectory(directory, options, context);
      const point = await choosePoint(context, opened, { pointId, options });
      requireKeys(opened.reader);
      const targets = await chooseTargets(point, options);
      for (const target of targets) await refuseExisting(target.path, options);
      const exported: Exported[] = [];
      for (const target of targets)
        exported.push({ ...target, skipped: await exportOne(context, opened.reader, { ...target, options }) });
      const { chunkSize } = opened.reader.facts;
      if (options.output === "json") await tellJson(context.terminal, toJson(point, exported, chunkSize));
      refuseIncomplete(point, exported);
    });

const choosePoint = async (
  context: CommandContext,
  opened: OpenedDirectory,
  { pointId, options }: { readonly pointId: string | undefined; readonly options: ExportOptions },
): Promise<CatalogPoint> => {
  if (pointId !== undefined) return opened.catalog.require(pointId);
  if (options.vm === undefined) throw new HoldfastError("INVALID_ARGUMENT", "name a point, or a VM with --vm");
  const point = newestOf(await filterPoints(opened, options, context));
  await writeLine(context.terminal.stderr, `point ${point.pointId}, captured ${toIso(point.capturedMs)}`);
  return point;
};

interface Exported extends ExportTarget {
  /** Written as zeros. */
  readonly skipped: readonly SkippedRange[];
}

const toJson = ({ pointId }: CatalogPoint, exported: readonly Exported[], chunkSize: number): object => ({
  pointId,
  disks: exported.map(({ disk, path, skipped }) => ({
    diskId: disk.diskId,
    path,
    sizeBytes: disk.sizeBytes,
    zeroed: skipped.map(({ firstPosition, count, code }) => ({
      firstPosition,
      count,
      code,
      ...bytesOf({ firstPosition, count }, disk.sizeBytes, chunkSize),
    })),
  })),
});

/** Where in the file a range lies; the last chunk of a disk may be cut. */
const bytesOf = (
  { firstPosition, count }: Pick<SkippedRange, "firstPosition" | "count">,
  sizeBytes: number,
  chunkSize: number,
): { readonly offsetBytes: number; readonly lengthBytes: number } => {
  const offsetBytes = firstPosition * chunkSize;
  return { offsetBytes, lengthBytes: Math.min(count * chunkSize, sizeBytes - offsetBytes) };
};

/** EXPORT_INCOMPLETE, which has an exit code of its own: a script must not take zeros for content. */
const refuseIncomplete = ({ pointId }: CatalogPoint, exported: readonly Exported[]): void => {
  const damaged = exported.filter(({ skipped }) => skipped.length > 0);
  const ranges = damaged.reduce((sum, { skipped }) => sum + skipped.length, 0);
  if (ranges === 0) return;
  const names = damaged.map(({ disk }) => disk.diskId).join(", ");
  throw new HoldfastError("EXPORT_INCOMPLETE", `${ranges} ranges of point ${pointId} are zeros, of disk ${names}`);
};

const requireKeys = ({ facts, keys }: RepositoryReader): void => {
  if (facts.encryption === undefined || keys !== undefined) return;
  throw new HoldfastError("KEY_MISSING", `repository ${facts.repositoryId} is encrypted: its disks need a key`);
};

/** Writes beside the target and renames at the end: a failure spoils nothing, and leaves nothing but what `--resume` goes on with. */
const exportOne = async (
  context: CommandContext,
  reader: RepositoryReader,
  { disk, path, options }: ExportTarget & { readonly options: ExportOptions },
): Promise<readonly SkippedRange[]> => {
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
    await tellSkipped(context, skipped, { sizeBytes: disk.sizeBytes, chunkSize: reader.facts.chunkSize });
    return skipped;
  } finally {
    if (resumed === undefined) await rm(partial, { force: true });
    await rm(converted, { force: true });
  }
};

const tellSkipped = async (
  { terminal }: CommandContext,
  skipped: readonly SkippedRange[],
  { sizeBytes, chunkSize }: { readonly sizeBytes: number; readonly chunkSize: number },
): Promise<void> => {
  for (const { diskId, code, ...range } of skipped) {
    const { offsetBytes, lengthBytes } = bytesOf(range, sizeBytes, chunkSize);
    const where = `chunks ${range.firstPosition}+${range.count} (bytes ${offsetBytes}+${lengthBytes})`;
    await writeLine(terminal.stderr, `warning: disk ${diskId} ${where} are zeros: ${code}`);
  }
};
