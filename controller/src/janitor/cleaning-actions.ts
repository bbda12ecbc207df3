import type { Owner } from "../hypervisor/marks.ts";

interface Common {
  readonly owner: Owner;
  /** Why it may and must go, in words, for the log. */
  readonly reason: string;
}

/** One thing that the janitor does; each is safe to repeat. */
export type CleaningAction = Common &
  (
    | { readonly kind: "fence" }
    | { readonly kind: "close-transfer"; readonly transferId: string; readonly direction: "download" | "upload" }
    | {
        readonly kind: "end-capture";
        readonly vmId: string;
        readonly captureId: string;
        readonly snapshotId: string | undefined;
      }
    | { readonly kind: "remove-snapshot"; readonly vmId: string; readonly snapshotId: string }
    | { readonly kind: "thaw-guest"; readonly vmId: string }
    | { readonly kind: "remove-vm"; readonly vmId: string }
    | { readonly kind: "remove-disk"; readonly diskId: string }
    | { readonly kind: "unmark-vm"; readonly vmId: string }
    | { readonly kind: "unmark-disk"; readonly diskId: string; readonly vmId: string | undefined }
    | { readonly kind: "remove-checkpoint"; readonly vmId: string; readonly checkpointId: string }
  );

/** Something with our mark that is not touched, and why: an operator may want to know. */
export interface LeftAlone {
  readonly what: "vm" | "disk" | "snapshot";
  readonly id: string;
  readonly reason: string;
}

/** What one pass does, in order. */
export interface CleaningPlan {
  readonly actions: readonly CleaningAction[];
  readonly left: readonly LeftAlone[];
  /** Things of ours that the engine is ending by itself: what they leave shows only when they have ended. */
  readonly ending: number;
}
