import type { Clock } from "@holdfast/shared/clock/clock";
import { doneBytes } from "./byte-counts.ts";
import type { DiskTotals } from "./disk-totals.ts";

/** What an attempt last told of itself. */
export interface AttemptProgress {
  /** preparing, reading, committing, writing */
  readonly phase: string;
  readonly disks: readonly DiskTotals[];
}

/** Progress of open attempts, in memory only: the totals are kept in the database when an attempt ends. */
export interface ProgressBoard {
  tell(attemptId: string, progress: AttemptProgress): void;
  of(attemptId: string): AttemptProgress | undefined;
  /** Bytes per second that a disk was dealt with over the last seconds, by our own clock (R11). */
  rateOf(attemptId: string, diskId: string): number;
  forget(attemptId: string): void;
}

interface Sample {
  readonly atMs: number;
  readonly doneByDisk: ReadonlyMap<string, number>;
}

interface Entry {
  readonly progress: AttemptProgress;
  readonly samples: readonly Sample[];
}

const windowMs = 10_000;
const samplesKept = 16;

export const createProgressBoard = (clock: Clock): ProgressBoard => {
  const entries = new Map<string, Entry>();
  return {
    tell: (attemptId, progress) => {
      const nowMs = clock.monotonicMs();
      const sample = {
        atMs: nowMs,
        doneByDisk: new Map(progress.disks.map(({ diskId, bytes }) => [diskId, doneBytes(bytes)])),
      };
      const recent = (entries.get(attemptId)?.samples ?? []).filter(({ atMs }) => nowMs - atMs <= windowMs);
      entries.set(attemptId, { progress, samples: [...recent, sample].slice(-samplesKept) });
    },
    of: (attemptId) => entries.get(attemptId)?.progress,
    rateOf: (attemptId, diskId) => {
      const samples = entries.get(attemptId)?.samples ?? [];
      const [first] = samples;
      const last = samples.at(-1);
      if (first === undefined || last === undefined || last.atMs <= first.atMs) return 0;
      const bytes = (last.doneByDisk.get(diskId) ?? 0) - (first.doneByDisk.get(diskId) ?? 0);
      return Math.max(0, Math.round((bytes * 1_000) / (last.atMs - first.atMs)));
    },
    forget: (attemptId) => {
      entries.delete(attemptId);
    },
  };
};
