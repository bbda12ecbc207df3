import type { Database } from "../database/database.ts";
import type { QueueVerdict } from "./queue.ts";
import { type QueueDeps, judgeWaiting } from "./read-queue.ts";

/** What a look at the queue may be old at most. */
export const lookMs = 250;

interface Look {
  readonly atMs: number;
  readonly verdicts: Promise<readonly QueueVerdict[]>;
}

const newest = new WeakMap<Database, Look>();

/**
 * The queue as it was judged a moment ago, for the steps of waiting tasks: all that look within `lookMs` share one judgement,
 * since judging a long queue is dear. What decides or is shown to operators judges afresh.
 */
export const lookAtQueue = (deps: QueueDeps & { readonly database: Database }): Promise<readonly QueueVerdict[]> => {
  const nowMs = deps.clock.monotonicMs();
  const had = newest.get(deps.database);
  if (had !== undefined && nowMs - had.atMs < lookMs) return had.verdicts;
  const look = { atMs: nowMs, verdicts: judgeWaiting(deps.database.queries, deps) };
  newest.set(deps.database, look);
  return look.verdicts;
};
