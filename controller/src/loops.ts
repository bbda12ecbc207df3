import type { Clock } from "@holdfast/shared/clock/clock";
import { runForever } from "@holdfast/shared/lifecycle/run-forever";
import type { Logger } from "@holdfast/shared/logging/logger";
import { fenceUnknown } from "./agents/unknown-attempts.ts";
import type { VerbDeps } from "./agents/verb-deps.ts";
import { watchHeadroom } from "./agents/watch-headroom.ts";
import { dropDeadTickets, giveUpSilentAttempts } from "./agents/watch-liveness.ts";
import type { ControllerConfig } from "./config/controller-config.ts";
import { renewOwn } from "./identity/own-renewal.ts";
import { keepRefusals, refreshInventories } from "./inventory/watch-managers.ts";
import { runSchedule } from "./jobs/run-schedule.ts";
import { runNightlyCollection } from "./maintenance/run-nightly-collection.ts";
import { runDailyRetention } from "./retention/retention-runs.ts";
import { runJanitor } from "./sessions/run-janitor.ts";

/** One thing that is done over and over. */
interface Loop {
  readonly name: string;
  readonly everyMs: number;
  readonly step: (signal: AbortSignal) => Promise<void>;
}

const secondMs = 1_000;

/** Runs everything that the controller does by itself until the signal aborts, then resolves. */
export const runLoops = async (
  deps: VerbDeps,
  config: ControllerConfig,
  timeZone: string,
  signal: AbortSignal,
): Promise<void> => {
  const loops = loopsOf(deps, config, timeZone);
  await Promise.all(loops.map((loop) => runOne(loop, deps, signal)));
};

const loopsOf = (
  deps: VerbDeps,
  { inventoryEveryMs, janitor, maintenance: { collectAt } }: ControllerConfig,
  timeZone: string,
): readonly Loop[] => [
  { name: "liveness", everyMs: secondMs, step: () => giveUpSilentAttempts(deps) },
  { name: "tickets", everyMs: secondMs, step: () => dropDeadTickets(deps) },
  { name: "headroom", everyMs: deps.settings.headroom.everyMs, step: (signal) => watchHeadroom(deps, signal) },
  { name: "logins", everyMs: secondMs, step: () => keepRefusals(deps.managers) },
  {
    name: "inventory",
    everyMs: inventoryEveryMs,
    step: (signal) => refreshInventories(deps.managers, deps.log, signal),
  },
  { name: "trust", everyMs: 2 * secondMs, step: (signal) => deps.identity.push.tell(signal) },
  { name: "own certificate", everyMs: 60 * secondMs, step: () => renewOwn(deps.identity) },
  { name: "schedule", everyMs: 10 * secondMs, step: () => runSchedule(deps) },
  { name: "unknown attempts", everyMs: 2 * secondMs, step: (signal) => fenceUnknown(deps, signal) },
  { name: "retention", everyMs: 60 * secondMs, step: (signal) => runDailyRetention(deps, timeZone, signal) },
  { name: "collection", everyMs: 60 * secondMs, step: () => runNightlyCollection(deps, { collectAt, timeZone }) },
  { name: "janitor", everyMs: janitor.everyMs, step: (signal) => runJanitor(deps, janitor.requestTimeoutMs, signal) },
];

const runOne = (
  loop: Loop,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
  signal: AbortSignal,
): Promise<void> => runForever(signal, loop.step, { name: loop.name, clock, log, everyMs: loop.everyMs });
