import { toPointSummary } from "../catalog/point-message.ts";
import type { ServiceDeps } from "./deps.ts";
import { toFencedAttempt } from "./requests.ts";
import type { Calls } from "./types.ts";

/** Retires an attempt and all before it, unless its task has committed (A5, A6). */
export const fence =
  ({ store, catalog, uploads }: ServiceDeps): Calls["fence"] =>
  async (request) => {
    const attempt = toFencedAttempt(request.attempt);
    const point = await store.fence(attempt);
    if (point) return { committed: toPointSummary(catalog.add(point)) };
    uploads.retire(attempt.taskId, ({ number }) => number <= attempt.number);
    return {};
  };
