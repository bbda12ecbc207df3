import { type Owner, captureIdOf, correlationIdOf } from "../hypervisor/marks.ts";
import { readCaptureEvents, troubleIn } from "./capture-events.ts";
import type { StepDeps } from "./waiting.ts";

/** What the engine's events say went wrong with an attempt, for the end of a message; nothing when they cannot be read. */
export const toldByEngine = async (
  deps: StepDeps,
  owner: Owner,
  signal: AbortSignal,
  captureId: string = captureIdOf(owner),
): Promise<string> => {
  const events = await readCaptureEvents(deps, { captureId, correlationId: correlationIdOf(owner) }, signal);
  const trouble = troubleIn(events);
  return trouble === "" ? "" : `: ${trouble}`;
};
