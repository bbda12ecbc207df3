import { toIso } from "@holdfast/shared/clock/clock";
import { scheduledSessionId } from "@holdfast/shared/ids/ids";
import { readSetting, writeSetting } from "../database/settings-table.ts";
import { dueStart } from "../jobs/schedule.ts";
import { dailyRetentionHandledMs } from "../retention/retention-runs.ts";
import type { WorkDeps } from "../sessions/work-deps.ts";
import { startMaintenance } from "./start-maintenance.ts";

const settingName = "collection-handled-ms";
/** Retention of the night is over when it was dealt with not longer than that before. */
const retentionWithinMs = 3 * 3_600_000;

/** When collections start. */
export interface NightlyCollection {
  /** `HH:MM` in the installation's zone; empty for never. */
  readonly collectAt: string;
  readonly timeZone: string;
}

/**
 * Starts a collection of every repository once a night, after retention. A session's id follows from repository and nominal time, so
 * a crash between starting it and noting that is harmless. One that was missed by more than 12 hours is left out (policy 35).
 */
export const runNightlyCollection = async (
  deps: WorkDeps,
  { collectAt, timeZone }: NightlyCollection,
): Promise<void> => {
  if (collectAt === "") return;
  const { queries } = deps.database;
  const nowMs = deps.clock.nowMs();
  const handled = await readSetting(queries, settingName);
  if (handled === undefined) return writeSetting(queries, settingName, String(nowMs));
  const due = dueStart({ dailyAt: collectAt, timeZone }, Number(handled), nowMs);
  if (due === null) return undefined;
  if (due.verdict === "missed") deps.log.warn("a nightly collection was missed", { nominal: toIso(due.nominalMs) });
  else if (!(await hasRetained(deps, due.nominalMs))) return undefined;
  else
    for (const repository of deps.repositories.list())
      await start(deps, repository, { timeZone, nominalMs: due.nominalMs });
  return writeSetting(queries, settingName, String(due.nominalMs));
};

/** Retention that is late holds the collection up; what it removes goes with the next one otherwise. */
const hasRetained = async ({ database }: WorkDeps, nominalMs: number): Promise<boolean> =>
  (await dailyRetentionHandledMs(database.queries)) >= nominalMs - retentionWithinMs;

const start = async (
  deps: WorkDeps,
  { repositoryId, name }: { readonly repositoryId: string; readonly name: string },
  { timeZone, nominalMs }: { readonly timeZone: string; readonly nominalMs: number },
): Promise<void> => {
  await startMaintenance(deps, {
    sessionId: scheduledSessionId(`repository-gc/${repositoryId}`, toIso(nominalMs)),
    kind: "repository-gc",
    repositoryId,
    title: `repository ${name}`,
    trigger: "schedule",
    timeZone,
  });
};
