import { parseIso } from "@holdfast/shared/clock/dates";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { type Command, InvalidArgumentError } from "commander";
import { type CatalogPoint, isGood, isRemoved } from "../catalog/catalog-point.ts";
import type { CommandContext, OpenedDirectory } from "./context.ts";
import { writeLine } from "./output.ts";

/** Options of commands that work on some of the points. */
export interface FilterOptions {
  readonly vm?: string;
  readonly job?: string;
  /** A moment, or how long ago in milliseconds. */
  readonly since?: Since;
}

/** From when on a point was captured. */
export type Since = { readonly atMs: number } | { readonly agoMs: number };

/** `--vm`, `--job` and `--since`. */
export const addFilterOptions = (command: Command): Command =>
  command
    .option("--vm <name-or-id>", "only points of this VM")
    .option("--job <name-or-id>", "only points of this job")
    .option(
      "--since <time>",
      "only points captured since: 2026-01-31, 2026-01-31T22:00:00Z (UTC), 36h, 7d",
      parseSince,
    );

const spans = { h: 3_600_000, d: 86_400_000 } as const;

/** Reads `--since`. */
export const parseSince = (text: string): Since => {
  const [, count, unit] = /^(\d{1,6})([hd])$/.exec(text) ?? [];
  if (count !== undefined) return { agoMs: Number(count) * spans[unit === "h" ? "h" : "d"] };
  const isTime = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?Z?)?$/.test(text);
  const atMs = isTime ? parseIso(text.length > 10 && !text.endsWith("Z") ? `${text}Z` : text) : undefined;
  if (atMs !== undefined) return { atMs };
  throw new InvalidArgumentError(
    "give a day (2026-01-31), a time in UTC (2026-01-31T22:00Z), hours (36h) or days (7d)",
  );
};

/** The points that the options leave, oldest first; names that are sealed match nothing, and that is said. */
export const filterPoints = async (
  { catalog, reader }: OpenedDirectory,
  { vm, job, since }: FilterOptions,
  { clock, terminal }: CommandContext,
): Promise<readonly CatalogPoint[]> => {
  const sinceMs = since === undefined ? 0 : "atMs" in since ? since.atMs : clock.nowMs() - since.agoMs;
  const points = catalog
    .list()
    .filter((point) => vm === undefined || [point.vm.vmId, point.vmName].includes(vm))
    .filter((point) => job === undefined || [point.jobId, point.jobName].includes(job))
    .filter((point) => point.capturedMs >= sinceMs);
  const isSealed = reader.facts.encryption !== undefined && reader.keys === undefined;
  if (isSealed && points.length === 0 && (vm ?? job) !== undefined)
    await writeLine(terminal.stderr, "warning: names are sealed: give ids, or the password or recovery key");
  return points;
};

/** The newest good one of points that are not marked deleted, else the newest of them; POINT_NOT_FOUND. */
export const newestOf = (points: readonly CatalogPoint[]): CatalogPoint => {
  const live = points.filter((point) => !isRemoved(point));
  const found = live.findLast(isGood) ?? live.at(-1);
  if (found !== undefined) return found;
  throw new HoldfastError("POINT_NOT_FOUND", "no point is like that");
};
