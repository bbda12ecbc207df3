import type { CatalogPoint } from "./catalog-point.ts";

const dayMs = 86_400_000;
const days = 30;

/** Bytes a day that commits of the last 30 days added to packs; of a younger repository, since its first commit. */
export const growthPerDay = (points: readonly CatalogPoint[], nowMs: number): number => {
  const since = nowMs - days * dayMs;
  const added = points
    .filter(({ committedMs }) => committedMs > since)
    .reduce((sum, { statistics }) => sum + statistics.packedBytes, 0);
  const first = points.reduce((earliest, { committedMs }) => Math.min(earliest, committedMs), nowMs);
  const span = Math.min(days, Math.max(1, (nowMs - first) / dayMs));
  return Math.round(added / span);
};
