import type { SessionId, TaskId } from "@holdfast/shared/ids/ids";
import type { BackupPlan } from "./backup-plan.ts";
import type { Remark } from "./remark.ts";
import type { Result } from "./result.ts";
import type { TaskScope } from "./task-scope.ts";
import type { TaskState } from "./task-state.ts";
import type { DiskTotals } from "./disk-totals.ts";

/** One VM of a session. Its id is also the id of the point that it makes (R5). */
export interface Task {
  readonly taskId: TaskId;
  readonly sessionId: SessionId;
  /** Its place among the session's tasks, from 0. */
  readonly position: number;
  readonly managerId: string;
  readonly engineInstanceId: string;
  /** Where the VM was when it was last looked at; for a restore, where it will be. */
  readonly clusterId: string;
  /** The VM backed up; the new VM of a restore, which has no id on the engine yet, is empty. */
  readonly vmId: string;
  readonly vmName: string;
  readonly repositoryId: string;
  readonly state: TaskState;
  /** What it is doing or waits for, in words. */
  readonly doing: string;
  readonly scope: TaskScope;
  /** Null before preflight, and for restores. */
  readonly plan: BackupPlan | null;
  /** Why it went to its agent, in words. */
  readonly placement: string;
  /** Since when it queues. */
  readonly queuedMs: number;
  /** Not to be tried before this. */
  readonly notBeforeMs: number;
  readonly result: Result | null;
  /** The point that it made; empty for none. */
  readonly pointId: string;
  readonly restoredVmId: string;
  readonly restoredVmName: string;
  readonly remarks: readonly Remark[];
  /** What each disk came to; kept from the last report or heartbeat of the last attempt. */
  readonly totals: readonly DiskTotals[];
  readonly startedMs: number | null;
  readonly endedMs: number | null;
}
