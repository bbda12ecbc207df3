import type { Engine } from "./engine.ts";
import { isEngineAtLeast } from "./engine-version.ts";

interface Ended {
  readonly phase: string;
  readonly endedMs?: number;
}

/** Drops the rows of backups and transfers whose time after their end is over, as the engine's sweep does. */
export const dropOldRows = (engine: Engine): void => {
  const { succeededMs, failedMs } = engine.config.rows;
  // Before 4.4.7 a finished backup or transfer is gone at once.
  const keepsRows = isEngineAtLeast(engine, "4.4.7");
  const now = engine.clock.nowMs();
  const isOld = (row: Ended): boolean => {
    if (row.endedMs === undefined) return false;
    if (!keepsRows) return true;
    return now - row.endedMs >= (row.phase.includes("fail") ? failedMs : succeededMs);
  };
  const { backups, transfers } = engine.world;
  const old = [...[...backups].filter(([, row]) => isOld(row)), ...[...transfers].filter(([, row]) => isOld(row))];
  for (const [id] of old) {
    backups.delete(id);
    transfers.delete(id);
  }
  if (old.length > 0) engine.save();
};
