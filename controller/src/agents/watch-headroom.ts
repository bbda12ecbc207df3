import { hasCode } from "@holdfast/shared/errors/holdfast-error";
import { type ReadyBackup, tryPrepared } from "../backups/prepared-backup.ts";
import { usableManager } from "../backups/examine.ts";
import { whyHeadroomLost } from "../capture/headroom.ts";
import { listUnfinishedAttempts } from "../database/attempts-table.ts";
import { findTask } from "../database/tasks-table.ts";
import type { StorageDomain } from "../hypervisor/inventory.ts";
import type { Attempt } from "../sessions/attempt.ts";
import { endAttempt } from "../sessions/end-attempt.ts";
import type { VerbDeps } from "./verb-deps.ts";

/**
 * Looks at the free space of the storage domains that running backups make the engine write to, one call per manager, and ends a
 * backup with HEADROOM_LOST while its guest can still write. It is tried again like any other failure, or fails by its code.
 */
export const watchHeadroom = async (deps: VerbDeps, signal: AbortSignal): Promise<void> => {
  const byManager = Map.groupBy(await runningBackups(deps), ({ managerId }) => managerId);
  const watchOne = async (managerId: string, backups: readonly RunningBackup[]): Promise<void> => {
    const domains = await domainsOf(deps, managerId, signal);
    for (const backup of backups) await judge(deps, backup, domains);
  };
  // One engine that does not answer keeps nobody from looking at the others.
  await Promise.all([...byManager].map(([managerId, backups]) => watchOne(managerId, backups)));
};

interface RunningBackup {
  readonly managerId: string;
  readonly attempt: Attempt;
  readonly ready: ReadyBackup;
}

/** Backups whose frozen disks grow by what their guests write; a cold one's guest is down. */
const runningBackups = async ({ database }: VerbDeps): Promise<readonly RunningBackup[]> => {
  const found: RunningBackup[] = [];
  for (const attempt of await listUnfinishedAttempts(database.queries)) {
    const ready = attempt.state === "open" ? tryPrepared(attempt.prepared) : null;
    if (ready?.stage !== "ready" || ready.kind === "cold") continue;
    const task = await findTask(database.queries, attempt.taskId);
    if (task !== undefined) found.push({ managerId: task.managerId, attempt, ready });
  }
  return found;
};

/** None when the engine does not answer: then nothing is known of its space, and others tell that it is gone. */
const domainsOf = async (deps: VerbDeps, managerId: string, signal: AbortSignal): Promise<readonly StorageDomain[]> => {
  try {
    return await usableManager(deps, managerId).hypervisor.listStorageDomains(signal);
  } catch (caught) {
    signal.throwIfAborted();
    const fields = { manager: managerId, err: caught };
    if (hasCode(caught, "ENGINE_UNREACHABLE")) deps.log.debug("the space of storage domains is not known", fields);
    else deps.log.warn("the space of storage domains cannot be read", fields);
    return [];
  }
};

const judge = async (
  deps: VerbDeps,
  { attempt, ready }: RunningBackup,
  domains: readonly StorageDomain[],
): Promise<void> => {
  const { vmName, domainIds = [] } = ready;
  const lost = whyHeadroomLost({ vmName, domainIds, domains, policy: deps.settings.headroom });
  if (lost === undefined) return;
  const { code, message, retryable } = lost;
  const taskId = await endAttempt(deps, attempt.attemptId, { v: 1, cause: "failed", code, message, retryable });
  deps.tickets.drop(attempt.attemptId);
  if (taskId !== undefined) deps.runner.interrupt(taskId);
};
