import type { Owner } from "../hypervisor/marks.ts";

/** What tells an attempt from all others. */
export interface AttemptIdentity {
  readonly taskId: string;
  readonly number: number;
  readonly attemptId: string;
}

/** Whose things on an engine are that this attempt makes. */
export const ownerOf = (installationId: string, attempt: AttemptIdentity): Owner => ({
  installationId,
  taskId: attempt.taskId,
  attemptNumber: attempt.number,
  attemptId: attempt.attemptId,
});
