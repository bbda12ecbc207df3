import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { type FenceAnswer, cleanEngine } from "../janitor/clean-engine.ts";
import { findAttempt } from "../database/attempts-table.ts";
import { noteThawed } from "../backups/hold-guest.ts";
import type { Owner } from "../hypervisor/marks.ts";
import { rememberUnknown } from "../agents/unknown-attempts.ts";
import type { ManagerConnection } from "../inventory/manager-connection.ts";
import { readKnown } from "./known-owners.ts";
import type { WorkDeps } from "./work-deps.ts";

const mostPasses = 6;

/** Cleans every engine that answers of what is ours and nobody works on (R6). */
export const runJanitor = async (deps: WorkDeps, requestTimeoutMs: number, signal: AbortSignal): Promise<void> => {
  const asked = deps.managers
    .list()
    .filter(({ condition: { state } }) => state !== "credentials-refused" && state !== "replaced");
  await Promise.all(asked.map((manager) => cleanOne(deps, { manager, requestTimeoutMs }, signal)));
};

const cleanOne = async (
  deps: WorkDeps,
  { manager, requestTimeoutMs }: { readonly manager: ManagerConnection; readonly requestTimeoutMs: number },
  signal: AbortSignal,
): Promise<void> => {
  const { managerId } = manager.record;
  const log = deps.log.child({ manager: managerId, loop: "janitor" });
  try {
    if (manager.inventory === undefined) await manager.refresh(signal);
    const engine = { hypervisor: manager.hypervisor, clock: deps.clock, log };
    const report = await cleanEngine(
      {
        ...engine,
        installationId: deps.installationId,
        known: (inner) => readKnown(deps, managerId, inner),
        noteThawed: (owner, vmId) => noteThawed({ database: deps.database, engine }, { owner, managerId, vmId }),
        fence: (owner, inner) => fenceOwner(deps, owner, inner),
        onPass: (pass) => {
          deps.cleaning.note(managerId, pass, deps.clock.nowMs());
        },
      },
      { requestTimeoutMs, maxPasses: mostPasses },
      signal,
    );
    if (!report.isClean)
      log.warn("the janitor is not done", {
        done: report.done.length,
        failed: report.failed.length,
        unread: report.unread.length,
        ending: report.ending,
      });
  } catch (caught) {
    signal.throwIfAborted();
    await manager.note(caught);
    deps.cleaning.noteFailure(managerId, HoldfastError.from(caught), deps.clock.nowMs());
    log.warn("the janitor could not look", { err: caught });
  }
};

/** An attempt that we know was fenced when it settled; one that we do not know is fenced in every repository (A8). */
const fenceOwner = async (deps: WorkDeps, owner: Owner, signal: AbortSignal): Promise<FenceAnswer> => {
  const known = await findAttempt(deps.database.queries, owner.attemptId);
  if (known !== undefined) return known.fence === "unasked" ? "unanswered" : known.fence;
  const attempt = { taskId: owner.taskId, number: owner.attemptNumber, attemptId: owner.attemptId };
  await rememberUnknown(deps, attempt);
  const repositories = deps.repositories.list();
  if (repositories.length === 0) return "unanswered";
  let answer: FenceAnswer = "retired";
  for (const repository of repositories) {
    try {
      const { kind } = await repository.fence(attempt, signal);
      if (kind === "committed") answer = "committed";
    } catch (caught) {
      signal.throwIfAborted();
      deps.log.debug("an attempt could not be fenced yet", {
        repository: repository.name,
        task: owner.taskId,
        err: caught,
      });
      return "unanswered";
    }
  }
  return answer;
};
