import type { CatalogPoint } from "./catalog-point.ts";

/** What the configuration of a repository says about points that were marked deleted. */
export interface StandingSettings {
  /** How long a removal can be taken back. */
  readonly undeletePeriodMs: number;
}

/** What the repository holds of a point. */
export type Standing =
  | { readonly state: "live" }
  | { readonly state: "removed"; readonly untilMs: number }
  /** A collection may take it. */
  | { readonly state: "gone" };

/** The standing of a point at a time; the only place that says when one is gone. */
export const standingOf = (
  { marked }: Pick<CatalogPoint, "marked">,
  nowMs: number,
  { undeletePeriodMs }: StandingSettings,
): Standing => {
  if (marked.gone) return { state: "gone" };
  if (marked.removed === null) return { state: "live" };
  const untilMs = Math.max(marked.removed.atMs + undeletePeriodMs, marked.immutableUntilMs ?? 0);
  return nowMs >= untilMs && !marked.protected ? { state: "gone" } : { state: "removed", untilMs };
};
