import {
  rememberFenced,
  listUnfenced,
  rememberUnknownAttempt,
  forgetUnknownAttempts,
  type UnknownAttempt,
} from "../database/unknown-attempts-table.ts";
import type { RepositoryConnection } from "../repositories/repository-connection.ts";
import type { WorkDeps } from "../sessions/work-deps.ts";

const taskForm = /^[0-9a-z]{1,24}$/;
const attemptForm = /^[0-9a-z]{1,32}$/;
const largestNumber = 1_000;
const keptMs = 30 * 86_400_000;

type UnknownDeps = Pick<WorkDeps, "database" | "clock" | "log" | "repositories">;

/** Notes an attempt that the database does not have: it is fenced in every repository, so that it can never commit (A8). */
export const rememberUnknown = async (deps: UnknownDeps, attempt: UnknownAttempt): Promise<void> => {
  if (!taskForm.test(attempt.taskId) || !attemptForm.test(attempt.attemptId)) return;
  if (attempt.number < 1 || attempt.number > largestNumber) return;
  const isNew = await rememberUnknownAttempt(deps.database.queries, attempt, deps.clock.nowMs());
  if (isNew)
    deps.log.warn("an attempt is unknown here and is fenced everywhere", {
      task: attempt.taskId,
      attempt: attempt.number,
    });
};

/** Fences what is noted in every repository that has not answered yet; a repository that cannot be reached is asked next time. */
export const fenceUnknown = async (deps: UnknownDeps, signal: AbortSignal): Promise<void> => {
  await Promise.all(deps.repositories.list().map((repository) => fenceIn(deps, repository, signal)));
  await forgetUnknownAttempts(deps.database.queries, deps.clock.nowMs() - keptMs);
};

const fenceIn = async (deps: UnknownDeps, repository: RepositoryConnection, signal: AbortSignal): Promise<void> => {
  try {
    for (const attempt of await listUnfenced(deps.database.queries, repository.repositoryId)) {
      const { kind } = await repository.fence(attempt, signal);
      await rememberFenced(deps.database.queries, attempt, {
        repositoryId: repository.repositoryId,
        fencedMs: deps.clock.nowMs(),
      });
      deps.log.info("an unknown attempt was fenced", {
        task: attempt.taskId,
        attempt: attempt.number,
        repository: repository.name,
        verdict: kind,
      });
    }
  } catch (caught) {
    signal.throwIfAborted();
    deps.log.debug("unknown attempts are not fenced yet", { repository: repository.name, err: caught });
  }
};
