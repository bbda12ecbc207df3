import type { VmHistory } from "../simulator/model/vm-history.ts";

/** A stretch of time by the wall clock; `toMs` is infinite for one that has not ended. */
export interface Period {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What a VM is in while no host runs it; in every other status it has power, or is about to. */
const withoutPower: readonly string[] = ["image_locked", "down", "suspended", "removed"];

/** When a VM had power, from the first status of a launch to the status in which it rests again. */
export const powerPeriods = ({ changes }: VmHistory): readonly Period[] => {
  const found: Period[] = [];
  let sinceMs: number | undefined;
  for (const { status, atMs } of changes) {
    if (!withoutPower.includes(status)) {
      // A suspended VM that is powered off has none to lose.
      if (status !== "powering_down") sinceMs ??= atMs;
    } else if (sinceMs !== undefined) {
      found.push({ fromMs: sinceMs, toMs: atMs });
      sinceMs = undefined;
    }
  }
  return sinceMs === undefined ? found : [...found, { fromMs: sinceMs, toMs: Number.POSITIVE_INFINITY }];
};

/**
 * Periods that are not wholly within the needs, each of which may be outlived by `afterMs`; empty when a VM had power only while
 * it was needed.
 */
export const needlessPeriods = (
  periods: readonly Period[],
  needs: readonly Period[],
  afterMs: number,
): readonly Period[] => {
  const inOrder = [...needs].sort((left, right) => left.fromMs - right.fromMs);
  return periods.filter(({ fromMs, toMs }) => {
    let coveredMs = fromMs;
    for (const need of inOrder) if (need.fromMs <= coveredMs) coveredMs = Math.max(coveredMs, need.toMs + afterMs);
    return !inOrder.some((need) => need.fromMs <= fromMs && fromMs <= need.toMs) || coveredMs < toMs;
  });
};
