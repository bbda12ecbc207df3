import type { WriterLog } from "../simulator/guest/guest-writers.ts";

/** A write of the guest after a capture was ready, and a read of the frozen disk that came after it at the same place. */
export interface LateRead {
  readonly writeOffset: number;
  readonly readOffset: number;
}

/** Proof that a backup read the past: writes that ended after `ready` and before a read that overlaps them began. */
export const findLateReads = (logs: readonly WriterLog[]): readonly LateRead[] =>
  logs.flatMap(({ writes, marks, reads }) => {
    const ready = marks.find(({ phase }) => phase === "ready")?.moment;
    if (ready === undefined) return [];
    return writes
      .filter(({ beganAt }) => beganAt > ready)
      .flatMap((write) =>
        reads
          .filter(
            (read) =>
              read.moment > write.endedAt &&
              read.offset < write.offset + write.length &&
              write.offset < read.offset + read.length,
          )
          .map((read) => ({ writeOffset: write.offset, readOffset: read.offset })),
      );
  });
