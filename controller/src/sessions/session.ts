import type { SessionId } from "@holdfast/shared/ids/ids";
import type { Remark } from "./remark.ts";
import type { Result } from "./result.ts";
import type { SessionState } from "./session-state.ts";

/** What an operator wants of a session: go on · finish what is under way and start no more · end that too. */
export type Wish = "run" | "stop" | "cancel";

/** Kinds of sessions. Only backups and restores have VMs. */
export const sessionKinds = [
  "backup",
  "restore",
  "worker-test",
  "repository-verify",
  "repository-gc",
  "point-verify",
  "repository-copy",
  "repository-rescan",
] as const;

/** One run of a job, one restore, one test of a worker, or one operation on a repository. */
export interface Session {
  readonly sessionId: SessionId;
  readonly kind: (typeof sessionKinds)[number];
  /** Empty unless it is a run of a job. */
  readonly jobId: string;
  readonly jobName: string;
  readonly trigger: "schedule" | "operator";
  readonly state: SessionState;
  readonly wish: Wish;
  /** Null until it ended. */
  readonly result: Result | null;
  /** The job's zone when it started. */
  readonly timeZone: string;
  /** The day in that zone on which it started: its points belong to that day (policy 4). */
  readonly calendarDay: string;
  readonly remarks: readonly Remark[];
  readonly createdMs: number;
  readonly startedMs: number | null;
  readonly endedMs: number | null;
}
