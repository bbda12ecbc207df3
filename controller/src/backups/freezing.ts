import type { CaptureKind } from "../capture/capture-kind.ts";
import type { CapturePlan } from "../capture/plan-disks.ts";
import type { BusyPatience, StepDeps } from "../capture/waiting.ts";
import { writeJournal } from "../database/journal-table.ts";
import type { Owner } from "../hypervisor/marks.ts";
import type { JournalEntry } from "../sessions/journal.ts";
import type { WorkDeps } from "../sessions/work-deps.ts";
import type { CaptureWay } from "./capture-way.ts";

/** What freezing disks works with. */
export interface FreezeDeps {
  readonly engine: StepDeps;
  readonly database: WorkDeps["database"];
}

/** Whose disks are frozen, and how. */
export interface Freezing {
  readonly owner: Owner;
  readonly managerId: string;
  readonly vmId: string;
  /** When the attempt was planned. */
  readonly vmStatus: string;
  readonly plan: CapturePlan;
  readonly way: CaptureWay;
  readonly captureId: string;
  /** Told while the VM is busy, before each pause. */
  readonly onBusy?: BusyPatience["onBusy"];
}

/** Disks that can be read, however they were frozen. */
export interface FrozenDisks {
  readonly kind: CaptureKind;
  readonly plan: CapturePlan;
  /** The new checkpoint; undefined for none. */
  readonly checkpointId: string | undefined;
  /** The engine's snapshot of a hybrid capture, or our own. */
  readonly snapshotId: string | undefined;
  readonly hostId: string | undefined;
  /** True when there would be nothing without a frozen guest. */
  readonly isProven: boolean;
}

/** Writes to the journal what is going to be on the engine, or what became known of it. */
export const noteOnEngine = (
  { database, engine }: FreezeDeps,
  { owner, managerId, vmId }: Pick<Freezing, "owner" | "managerId" | "vmId">,
  what: Pick<JournalEntry, "kind" | "objectId"> & Partial<Pick<JournalEntry, "facts">>,
): Promise<void> => {
  const { taskId, attemptNumber, attemptId } = owner;
  const entry = { managerId, taskId, attemptNumber, attemptId, vmId, facts: {}, ...what };
  return writeJournal(database.queries, entry, engine.clock.nowMs());
};
