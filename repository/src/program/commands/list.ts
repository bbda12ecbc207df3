import { toIso } from "@holdfast/shared/clock/clock";
import type { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { Command } from "commander";
import { type CatalogPoint, isGood, isRemoved } from "../../catalog/catalog-point.ts";
import { type CommandContext, type FolderOptions, openDirectory } from "../context.ts";
import { type Format, toSize, toTable, writeLine } from "../output.ts";
import { addFilterOptions, type FilterOptions, filterPoints } from "../point-filter.ts";
import { addKeyOptions, formatOption, indexOption, locationHelp } from "./options.ts";

interface ListOptions extends FolderOptions, FilterOptions {
  readonly output: Format;
  readonly removed?: boolean;
}

/** `list DIR`: the points of a repository. */
export const listCommand = (context: CommandContext): Command =>
  addFilterOptions(addKeyOptions(new Command("list")))
    .description("list the restore points, oldest first")
    .argument("<location>", locationHelp)
    .addOption(formatOption())
    .addOption(indexOption())
    .option("--removed", "also those marked deleted")
    .action(async (directory: string, options: ListOptions) => {
      await using opened = await openDirectory(directory, options, context, "points");
      const points = (await filterPoints(opened, options, context)).filter(
        (point) => options.removed === true || !isRemoved(point),
      );
      const { repositoryId } = opened.reader.facts;
      const unreadable = toUnreadable(opened.catalog.unreadable);
      const text =
        options.output === "json"
          ? JSON.stringify({ repositoryId, points: points.map(toJson), unreadable }, null, 2)
          : toRows(points);
      await writeLine(context.terminal.stdout, text);
    });

/** Points that cannot be read, in the stable shape of `-o json`. */
export const toUnreadable = (unreadable: ReadonlyMap<string, HoldfastError>): readonly object[] =>
  [...unreadable].map(([pointId, { code, message }]) => ({ pointId, code, message }));

const stateOf = (point: CatalogPoint): string => {
  if (point.marked.gone) return "gone";
  if (isRemoved(point)) return "removed";
  return isGood(point) ? "good" : "hurt";
};

const toRows = (points: readonly CatalogPoint[]): string =>
  toTable(
    ["POINT", "VM", "CAPTURED", "STATE", "DISKS", "SIZE"],
    points.map((point) => [
      point.pointId,
      point.vmName === "" ? point.vm.vmId : point.vmName,
      toIso(point.capturedMs),
      stateOf(point),
      String(point.disks.length),
      toSize(point.disks.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)),
    ]),
  );

const decision = (made: { readonly atMs: number; readonly reason: string } | null): object | null =>
  made && { at: toIso(made.atMs), reason: made.reason };

/** A point in the stable shape of `-o json`. */
export const toJson = (point: CatalogPoint): object => ({
  pointId: point.pointId,
  vm: { ...point.vm, name: point.vmName },
  job: { id: point.jobId, name: point.jobName },
  sessionId: point.sessionId,
  capturedAt: toIso(point.capturedMs),
  committedAt: toIso(point.committedMs),
  state: stateOf(point),
  immutableUntil: point.immutableUntilMs === undefined ? null : toIso(point.immutableUntilMs),
  protected: decision(point.marked.protected),
  removed: decision(point.marked.removed),
  basePointId: point.basePointId ?? null,
  checkpointId: point.checkpointId ?? null,
  disks: point.disks.map(({ diskId, alias, sizeBytes, mode, reason }) => ({ diskId, alias, sizeBytes, mode, reason })),
  statistics: point.statistics,
  damaged: point.marked.verified?.damaged ?? [],
});
