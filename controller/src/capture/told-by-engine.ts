import { type Owner, correlationIdOf } from "../hypervisor/marks.ts";
import type { StepDeps } from "./waiting.ts";

/** What the engine's events say went wrong with an attempt, for the end of a message; nothing when they cannot be read. */
export const toldByEngine = async (deps: StepDeps, owner: Owner, signal: AbortSignal): Promise<string> => {
  try {
    const events = await deps.hypervisor.listEvents(correlationIdOf(owner), signal);
    const bad = events.filter(({ severity }) => severity !== "normal").map(({ description }) => description);
    return bad.length === 0 ? "" : `: ${bad.slice(-3).join("; ")}`;
  } catch (caught) {
    signal.throwIfAborted();
    deps.log.debug("events of a failed capture cannot be read", { task: owner.taskId, err: caught });
    return "";
  }
};
