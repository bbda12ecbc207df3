import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { Command } from "commander";
import { type CatalogPoint, isRemoved } from "../../catalog/catalog-point.ts";
import { type VerifyProgress, verifyPoint } from "../../catalog/verify-point.ts";
import type { RepositoryReader } from "../../store/repository-store.ts";
import { type CommandContext, type FolderOptions, openDirectory, type OpenedDirectory } from "../context.ts";
import { type Format, writeLine } from "../output.ts";
import { addFilterOptions, type FilterOptions, filterPoints } from "../point-filter.ts";
import { Progress } from "../progress.ts";
import { toUnreadable } from "./list.ts";
import { addKeyOptions, formatOption, indexOption, locationHelp } from "./options.ts";

interface VerifyOptions extends FolderOptions, FilterOptions {
  readonly output: Format;
}

/** `verify DIR [POINT…]`: reads chunks back and compares them with their ids; writes nothing. */
export const verifyCommand = (context: CommandContext): Command =>
  addFilterOptions(addKeyOptions(new Command("verify")))
    .description("read every chunk of points back and compare it with its id")
    .argument("<location>", locationHelp)
    .argument("[points...]", "ids of points; all that the options leave when none is named")
    .addOption(formatOption())
    .addOption(indexOption())
    .action(async (directory: string, pointIds: readonly string[], options: VerifyOptions) => {
      await using opened = await openDirectory(directory, options, context);
      const { catalog, reader } = opened;
      const points = await pointsOf(opened, { pointIds, options }, context);
      const results: { point: CatalogPoint; found: VerifyProgress }[] = [];
      for (const point of points) results.push({ point, found: await verifyOne(context, reader, point) });
      const damagedPacks = reader.damagedPacks;
      const json = (): string => toJson(results, { damagedPacks, unreadable: toUnreadable(catalog.unreadable) });
      await writeLine(context.terminal.stdout, options.output === "json" ? json() : toText(results));
      const hurt = results.filter(({ found }) => found.damaged.length > 0).length;
      const unreadable = pointIds.length > 0 ? 0 : catalog.unreadable.size;
      if (hurt + unreadable === 0) return;
      throw new HoldfastError(
        "POINT_HURT",
        `${hurt} of ${points.length} points are damaged, ${unreadable} cannot be read`,
      );
    });

/** POINT_NOT_FOUND when what was named by options leaves nothing: a name that is misspelt is no success. */
const pointsOf = async (
  opened: OpenedDirectory,
  { pointIds, options }: { readonly pointIds: readonly string[]; readonly options: FilterOptions },
  context: CommandContext,
): Promise<readonly CatalogPoint[]> => {
  const { vm, job, since } = options;
  const isFiltered = (vm ?? job ?? since) !== undefined;
  if (pointIds.length > 0) {
    if (isFiltered)
      throw new HoldfastError("INVALID_ARGUMENT", "give ids of points, or --vm, --job and --since, not both");
    return pointIds.map((id) => opened.catalog.require(id));
  }
  const points = (await filterPoints(opened, options, context)).filter((point) => !isRemoved(point));
  if (isFiltered && points.length === 0) throw new HoldfastError("POINT_NOT_FOUND", "no point is like that");
  return points;
};

const verifyOne = async (
  { terminal, clock, signal }: CommandContext,
  reader: RepositoryReader,
  point: CatalogPoint,
): Promise<VerifyProgress> => {
  const progress = new Progress(terminal.stderr, clock);
  let last: VerifyProgress = { chunksTotal: 0, chunksVerified: 0, damaged: [], failed: [] };
  for await (const found of verifyPoint(reader, point, signal)) {
    last = found;
    progress.tell(`${point.pointId}: ${found.chunksVerified} of ${found.chunksTotal} chunks`);
  }
  progress.end(`${point.pointId}: ${last.chunksVerified} of ${last.chunksTotal} chunks`);
  return last;
};

type Results = readonly { readonly point: CatalogPoint; readonly found: VerifyProgress }[];

const toText = (results: Results): string =>
  results
    .flatMap(({ point, found }) => [
      `${point.pointId} ${found.damaged.length === 0 ? "good" : "hurt"}: ${found.chunksVerified} chunks`,
      ...found.damaged.map(
        ({ diskId, firstPosition, count, code }) => `  disk ${diskId} chunks ${firstPosition}+${count} ${code}`,
      ),
    ])
    .join("\n");

const toJson = (results: Results, about: object): string =>
  JSON.stringify(
    {
      ...about,
      points: results.map(({ point, found }) => ({
        pointId: point.pointId,
        state: found.damaged.length === 0 ? "good" : "hurt",
        chunks: found.chunksVerified,
        damaged: found.damaged,
      })),
    },
    null,
    2,
  );
