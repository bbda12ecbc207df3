import { type CatalogPoint, laterOf } from "./catalog-point.ts";

/** What the configuration of a repository says about points that were marked deleted. */
export interface StandingSettings {
  /** How long a removal can be taken back. */
  readonly undeletePeriodMs: number;
}

/** What the repository holds of a point. */
export type Standing =
  | { readonly state: "live" }
  /** Marked deleted, and it can be brought back: until then, or, where something keeps it, without a known end. */
  | { readonly state: "removed"; readonly untilMs: number | undefined }
  /** Nothing of it may be relied on any more: a collection may take it. */
  | { readonly state: "gone" };

/** What decides about a point's standing. */
export type StandingFacts = Pick<CatalogPoint, "marked" | "immutableUntilMs">;

/** True while nobody may remove the point. */
export const isImmutable = ({ immutableUntilMs }: Pick<StandingFacts, "immutableUntilMs">, nowMs: number): boolean =>
  immutableUntilMs !== undefined && nowMs < immutableUntilMs;

/**
 * The standing of a point (repository-format.md §6.4); `nowMs` is the guarded clock's time for deletion. Pure, and the only
 * place that says when a point is gone. Who holds a point open is not looked at: the collector adds that.
 */
export const standingOf = (point: StandingFacts, nowMs: number, { undeletePeriodMs }: StandingSettings): Standing => {
  const { removed, gone, protected: protection } = point.marked;
  if (gone) return { state: "gone" };
  if (removed === null) return { state: "live" };
  if (protection !== null) return { state: "removed", untilMs: undefined };
  // The marks may be newer than the point: whoever takes it looks at its highest mark.
  const immutableUntilMs = laterOf(point.immutableUntilMs, point.marked.immutableUntilMs) ?? 0;
  const untilMs = Math.max(removed.atMs + undeletePeriodMs, immutableUntilMs);
  return nowMs >= untilMs ? { state: "gone" } : { state: "removed", untilMs };
};
