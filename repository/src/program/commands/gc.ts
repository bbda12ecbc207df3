import { hostname } from "node:os";
import { silentLogger as log } from "@holdfast/shared/logging/silent-logger";
import { Command, InvalidArgumentError } from "commander";
import { Catalog } from "../../catalog/catalog.ts";
import { type StandingSettings, standingOf } from "../../catalog/standing.ts";
import { refuseUnreadable } from "../../collection/beginning.ts";
import { lookForGarbage } from "../../collection/collection.ts";
import { Collector, toResult } from "../../collection/collector.ts";
import type { CollectionProgress, CollectionResult } from "../../collection/collector-deps.ts";
import { inMemory } from "../../index/index-database.ts";
import { Readings } from "../../readings/reading.ts";
import { openRepositoryStore } from "../../store/open-repository-store.ts";
import { Uploads } from "../../uploads/uploads.ts";
import { type CommandContext, openDirectory, threadsOf } from "../context.ts";
import { type Format, toSize, writeLine } from "../output.ts";
import { Progress } from "../progress.ts";
import { formatOption, indexOption, locationHelp } from "./options.ts";

interface GcOptions {
  readonly output: Format;
  readonly index?: string;
  readonly dryRun?: boolean;
  readonly undeleteHours: number;
  readonly confirmClock?: boolean;
}

const hourMs = 3_600_000;

/** `gc LOCATION [--dry-run]`: removes what nothing needs any more. */
export const gcCommand = (context: CommandContext): Command =>
  new Command("gc")
    .description("remove points whose undelete period is over, and packs that nothing needs")
    .argument("<location>", locationHelp)
    .option("--dry-run", "only say what would be removed")
    .option("--undelete-hours <hours>", "how long a removed point can be brought back", toHours, 72)
    .option("--confirm-clock", "say that this machine's clock is right, where deletion waits for that")
    .addOption(formatOption())
    .addOption(indexOption())
    .addHelpText("after", `\n${takeover}`)
    .action(async (directory: string, options: GcOptions) => {
      const result =
        options.dryRun === true ? await look(context, directory, options) : await collect(context, directory, options);
      await writeLine(context.terminal.stdout, options.output === "json" ? toJson(result) : toText(result));
    });

const takeover = [
  "Without --dry-run it takes the repository over, as serve does: a server that owns it now ends with",
  "REPOSITORY_NOT_OWNED, its uploads with it, and has to be started again. Where a server runs, let that one",
  "collect: holdfast repository gc. With --dry-run the repository is only read.",
].join("\n");

const toHours = (text: string): number => {
  const hours = Number(text);
  if (Number.isFinite(hours) && hours >= 0) return hours;
  throw new InvalidArgumentError("a number of hours, 0 or more");
};

const settingsOf = ({ undeleteHours }: GcOptions): StandingSettings => ({ undeletePeriodMs: undeleteHours * hourMs });

const tellTo = ({ terminal, clock }: CommandContext): ((progress: CollectionProgress) => void) => {
  const progress = new Progress(terminal.stderr, clock);
  return ({ phase, done, total }) => {
    progress.tell(`${phase}: ${done} of ${total}`);
  };
};

const look = async (context: CommandContext, directory: string, options: GcOptions): Promise<CollectionResult> => {
  await using opened = await openDirectory(directory, options, context);
  const { reader, catalog } = opened;
  refuseUnreadable(catalog.unreadable);
  const nowMs = context.clock.nowMs();
  const isGone = (point: Parameters<typeof standingOf>[0]): boolean =>
    standingOf(point, nowMs, settingsOf(options)).state === "gone";
  const points = catalog.list();
  const beginning = {
    leaving: points.filter(isGone),
    roots: points.filter((point) => !isGone(point)),
    candidates: await reader.packs.packs(),
  };
  const run = { tell: tellTo(context), signal: context.signal, nowMs };
  const { plan } = await lookForGarbage(reader.packs, beginning, run);
  return toResult(plan);
};

const collect = async (context: CommandContext, directory: string, options: GcOptions): Promise<CollectionResult> => {
  const { clock, random, signal } = context;
  const owner = `${hostname()} pid ${process.pid} gc`;
  await using store = await openRepositoryStore(
    directory,
    { indexPath: options.index ?? inMemory, owner, clock, random, ...threadsOf(context) },
    signal,
  );
  if (options.confirmClock === true) await store.guardedClock.confirm();
  const { allowed, why } = store.guardedClock.deletionAllowed();
  const catalog = await Catalog.load(store, signal);
  await using collector = new Collector({
    store,
    catalog,
    uploads: new Uploads({ clock, random, log, silenceMs: hourMs }),
    readings: new Readings({ clock, random, silenceMs: hourMs }),
    isGone: (point) => standingOf(point, store.guardedClock.deletionMs(), settingsOf(options)).state === "gone",
    // The machine's operator may skip the wait after a time switched off; a server's callers may not.
    suspended: () => (allowed || options.confirmClock === true ? undefined : why),
    log,
  });
  return await collector.collect({ dryRun: false, onProgress: tellTo(context), signal });
};

const toText = (result: CollectionResult): string =>
  [
    result.plan,
    `points ${result.pointsRemoved}, packs removed ${result.packsRemoved}, compacted ${result.packsCompacted}, ` +
      `spared ${result.packsSpared}; freed ${toSize(Math.max(0, result.bytesFreed))}, copied ${toSize(result.bytesCopied)}`,
  ].join("\n");

const toJson = ({ plan, ...result }: CollectionResult): string =>
  JSON.stringify({ ...result, plan: plan.split("\n") }, null, 2);
