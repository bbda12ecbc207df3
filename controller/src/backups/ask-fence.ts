import type { Try, Verdict } from "../sessions/task-work.ts";
import type { WorkDeps } from "../sessions/work-deps.ts";

/**
 * Whether an attempt that writes a point committed (A6). A repository that was forgotten by force is not asked: nothing of ours will
 * ever come of the attempt.
 */
export const askFence = async (
  deps: Pick<WorkDeps, "repositories">,
  { task, attempt }: Try,
  signal: AbortSignal,
): Promise<Verdict> => {
  const repository = deps.repositories.find(task.repositoryId);
  if (repository === undefined) return { kind: "retired" };
  const answer = await repository.fence(attempt, signal);
  return answer.kind === "retired" ? answer : { kind: "committed", change: { pointId: answer.point.pointId } };
};
