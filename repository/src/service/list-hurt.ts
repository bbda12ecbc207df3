import { isGood } from "../catalog/catalog-point.ts";
import { toPointSummary, toRangeMessage } from "../catalog/point-message.ts";
import type { ServiceDeps } from "./deps.ts";
import type { Calls } from "./types.ts";

/** Ranges in one message. */
const mostRanges = 1000;

/** Every point with known damage, marked deleted or not, with its ranges (V5). */
export const listHurt = ({ catalog }: ServiceDeps): Calls["listHurt"] =>
  async function* (_request, { signal }) {
    for (const point of catalog.list().filter((one) => !isGood(one))) {
      const { atMs, damaged } = point.marked.verified ?? { atMs: 0, damaged: [] };
      for (let first = 0; first < damaged.length; first += mostRanges) {
        signal.throwIfAborted();
        const ranges = damaged.slice(first, first + mostRanges);
        yield {
          ...(first === 0 ? { point: toPointSummary(point) } : {}),
          verifiedMs: BigInt(atMs),
          damaged: ranges.map((range) => ({ range: toRangeMessage(range), code: range.code })),
        };
      }
    }
  };
