import { noteTrackingLied } from "../database/tracking-lies-table.ts";
import { countFrom, noteWholeRead } from "../database/whole-reads-table.ts";
import type { DiskTotals } from "../sessions/disk-totals.ts";
import type { Standing } from "../sessions/task-work.ts";
import type { Task } from "../sessions/task.ts";
import type { WorkDeps } from "../sessions/work-deps.ts";
import { liedReasons } from "./needed-checkpoints.ts";
import type { PreparedBackup } from "./prepared-backup.ts";

/** Whether every disk of a backup that has content in its point was read whole, as an audit does. */
export const wasReadWhole = (totals: readonly DiskTotals[]): boolean => {
  const read = totals.filter(({ mode }) => mode !== "skipped");
  return read.length > 0 && read.every(({ mode }) => mode === "full" || mode === "compare");
};

/**
 * Remembers when a VM was read whole into a point, from which its next audit counts (of one that never was, the time counts from
 * now), and when its change tracking was found to have lied, whether or not that backup became a point.
 */
export const noteReading = async (
  { database: { queries } }: Pick<WorkDeps, "database">,
  task: Task,
  { prepared, standing }: { readonly prepared: PreparedBackup; readonly standing: Standing },
): Promise<void> => {
  if (prepared.stage !== "ready") return;
  if (task.totals.some(({ reason }) => liedReasons.has(reason)))
    await noteTrackingLied(queries, task, prepared.capturedMs);
  if (standing !== "committed") return;
  const note = wasReadWhole(task.totals) ? noteWholeRead : countFrom;
  await note(queries, task, prepared.capturedMs);
};
