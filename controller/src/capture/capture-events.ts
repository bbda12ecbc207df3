import type { EngineEvent } from "../hypervisor/events.ts";
import type { CaptureRemark } from "./reasons.ts";
import type { StepDeps } from "./waiting.ts";

/** Which capture's events are asked for. */
export interface EventsOf {
  readonly captureId: string;
  readonly correlationId: string;
  /** True when it ended well: then what names it without its correlation id is not looked for, which spares a call. */
  readonly endedWell?: boolean;
}

/**
 * What the engine's log has of one capture, oldest first: what carries its attempt's correlation id, and what names it in its text, since
 * what the engine does by itself later carries none. Empty when the log cannot be read: events explain, they decide nothing.
 */
export const readCaptureEvents = async (
  deps: StepDeps,
  { captureId, correlationId, endedWell = false }: EventsOf,
  signal: AbortSignal,
): Promise<readonly EngineEvent[]> => {
  try {
    const correlated = await deps.hypervisor.listEvents(correlationId, signal);
    // What failed under the same id was an earlier capture of the attempt, which went on in another way.
    if (endedWell) return correlated.filter(({ code }) => code !== backupFailed);
    const naming = await deps.hypervisor.listEventsNaming(captureId, signal);
    const known = new Set(correlated.map(({ index }) => index));
    return [...correlated, ...naming.filter(({ index }) => !known.has(index))].toSorted(byIndex);
  } catch (caught) {
    signal.throwIfAborted();
    deps.log.debug("the engine's events of a capture cannot be read", { capture: captureId, err: caught });
    return [];
  }
};

/** What went wrong by the engine's account, for a message; the last three events at most. */
export const troubleIn = (events: readonly EngineEvent[]): string =>
  events
    .filter(isTrouble)
    .slice(-3)
    .map(({ description }) => description)
    .join("; ");

/** Codes of the engine's events about backups, their checkpoints and their scratch disks. */
const isOfBackup = ({ code }: EngineEvent): boolean => code >= 10_790 && code <= 10_814;

const isTrouble = ({ severity }: EngineEvent): boolean => severity !== "normal";

const backupFailed = 10_792;

/** Left-over snapshot of a hybrid backup: removing it is told by a remark of its own. */
const snapshotLeft = 10_813;

/** The remarks that a capture's events call for: whatever the engine called a warning or an error about the backup. */
export const remarksOfEvents = (events: readonly EngineEvent[]): readonly CaptureRemark[] =>
  events
    .filter((event) => isOfBackup(event) && isTrouble(event))
    .map(({ code, description }) => ({
      level: code === snapshotLeft ? "notice" : "warning",
      code: "ENGINE_EVENT",
      message: `the engine's event ${code}: ${description}`,
      diskId: "",
    }));

const byIndex = (one: EngineEvent, other: EngineEvent): number => one.index - other.index;
