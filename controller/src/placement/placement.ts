import type { Remark } from "../sessions/remark.ts";
import type { PlacedAgent } from "./placed-agent.ts";
import type { PlacedWorker } from "./placed-worker.ts";

/** How far from the VM's cluster its agents were looked for. */
export type PlacementLevel = "own-cluster" | "other-cluster" | "other-manager";

interface Explained {
  /** Recorded with the session. */
  readonly words: string;
  /** What the task is to be told when it goes this way. */
  readonly warnings: readonly Remark[];
}

/** Where a task may go now. */
export type Placement =
  /** Any of these agents may take it now, best first. */
  | ({
      readonly kind: "free";
      readonly level: PlacementLevel;
      readonly agents: readonly PlacedAgent[];
      /** Those of them that run on the host of the VM. */
      readonly onHost: readonly PlacedAgent[];
      /** Why earlier levels were passed, as the end of a sentence; empty when none was. */
      readonly because: string;
    } & Explained)
  /** It waits for one of these workers, to be launched or awaited, best first. */
  | ({
      readonly kind: "launch";
      readonly level: PlacementLevel;
      readonly workers: readonly PlacedWorker[];
    } & Explained)
  /** It waits: these agents are the right ones, and all of them are busy. */
  | ({ readonly kind: "busy"; readonly level: PlacementLevel; readonly agents: readonly PlacedAgent[] } & Explained)
  /** There is nobody anywhere. */
  | ({ readonly kind: "nobody" } & Explained);
