import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";
import { type EventNotice, eventIdOf } from "../hypervisor/events.ts";
import type { Finish } from "./finish-task.ts";
import type { Remark } from "./remark.ts";
import type { TaskAndSession } from "./task-work.ts";
import { isRestoreScope } from "./task-scope.ts";
import type { WorkDeps } from "./work-deps.ts";

type TellDeps = Pick<WorkDeps, "managers" | "clock" | "log" | "patience" | "installationId">;

/** An engine that is slow to note something does not hold up a backup for longer. */
const tellMs = 10_000;

/** After a refusal the engine is not asked for so long. */
const restMs = 3_600_000;

/** Longest text of an event. */
const maxText = 900;

/** Tells an engine's admin by an event that a VM's backup or restore begins; see `tellEnd`. */
export const tellBegin = async (
  deps: TellDeps,
  what: TaskAndSession,
  signal: AbortSignal,
): Promise<readonly Remark[]> => {
  const { task } = what;
  const description = `Holdfast begins the ${kindOf(what)} of VM ${task.vmName} ${placeOf(what)}`;
  const notice = { severity: "normal", description, vmId: vmOf(what), moment: "begin" } as const;
  return tell(deps, what, notice, signal);
};

/**
 * Tells an engine's admin by an event how a VM's backup or restore ended. An event that is not taken fails nothing; the first refusal
 * for want of the permit is logged as a warning and answered as a notice, and the manager then rests from events for an hour.
 */
export const tellEnd = async (
  deps: TellDeps,
  what: TaskAndSession,
  finish: Finish,
  signal: AbortSignal,
): Promise<readonly Remark[]> => {
  const { severity, words } = resultOf(what, finish);
  const description = `Holdfast ended the ${kindOf(what)} of VM ${what.task.vmName}: ${words} ${placeOf(what)}`;
  return tell(deps, what, { severity, description, vmId: vmOf(what), moment: "end" }, signal);
};

interface Telling extends Omit<EventNotice, "customId"> {
  readonly moment: "begin" | "end";
}

const tell = async (
  deps: TellDeps,
  { task }: TaskAndSession,
  { moment, ...notice }: Telling,
  signal: AbortSignal,
): Promise<readonly Remark[]> => {
  const manager = deps.managers.find(task.managerId);
  const refused = `events/${task.managerId}`;
  const restedMs = deps.patience.soFarMs(refused);
  if (task.scope.kind === "copy" || manager === undefined || (restedMs > 0 && restedMs < restMs)) return [];
  const customId = eventIdOf(deps.installationId, task.taskId, moment);
  const description = notice.description.slice(0, maxText);
  try {
    const soon = AbortSignal.any([signal, deps.clock.timeout(tellMs)]);
    await manager.hypervisor.postEvent({ ...notice, description, customId }, soon);
    deps.patience.forget(refused);
    return [];
  } catch (caught) {
    signal.throwIfAborted();
    const fields = { manager: manager.record.name, task: task.taskId, err: caught };
    if (!hasCode(caught, "ENGINE_FORBIDDEN")) {
      deps.log.debug("an event was not taken by the engine", fields);
      return [];
    }
    deps.patience.forget(refused);
    deps.patience.waitedMs(refused);
    deps.log.warn("the engine's user may not post events", fields);
    return [refusedRemark(manager.record.name, HoldfastError.from(caught))];
  }
};

const refusedRemark = (name: string, { message }: HoldfastError): Remark => ({
  level: "notice",
  code: "EVENTS_REFUSED",
  message: `manager ${name} shows no events of backups: its user lacks the permit inject_external_events (${message})`,
  diskId: "",
});

const kindOf = ({ task: { scope } }: TaskAndSession): string => (isRestoreScope(scope) ? "restore" : "backup");

/** A VM that is being restored is not there before its end. */
const vmOf = ({ task: { scope, vmId, restoredVmId } }: TaskAndSession): string | undefined => {
  const id = isRestoreScope(scope) ? restoredVmId : vmId;
  return id === "" ? undefined : id;
};

const placeOf = ({ task, session }: TaskAndSession): string =>
  `(${session.jobName === "" ? "" : `job ${session.jobName}, `}session ${session.sessionId}, task ${task.taskId})`;

const resultOf = (
  { task }: TaskAndSession,
  finish: Finish,
): { readonly severity: EventNotice["severity"]; readonly words: string } => {
  if (finish.to === "cancelled") return { severity: "warning", words: "cancelled" };
  if (finish.to === "failed") return { severity: "error", words: `failed with ${finish.code}: ${finish.message}` };
  const codes = new Set(task.remarks.filter(({ level }) => level === "warning").map(({ code }) => code));
  return codes.size === 0
    ? { severity: "normal", words: "success" }
    : { severity: "warning", words: `success with warnings ${[...codes].join(", ")}` };
};
