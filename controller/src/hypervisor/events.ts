import { derivedUuid } from "@holdfast/shared/ids/ids";

/** An event of the engine's log. */
export interface EngineEvent {
  readonly index: number;
  readonly code: number;
  readonly severity: string;
  readonly timeMs: number | undefined;
  readonly description: string;
  readonly correlationId: string | undefined;
  readonly vmId: string | undefined;
}

/** What is told to an engine's admin by its own log. */
export interface EventNotice {
  /** Of all that is told under our origin; told again it is told once (`eventIdOf`). */
  readonly customId: number;
  readonly severity: "normal" | "warning" | "error";
  readonly description: string;
  /** The VM that it is about; undefined for none that is there. */
  readonly vmId: string | undefined;
}

/** Reading and writing the engine's log. */
export interface EventOperations {
  /** Events of one correlation id, oldest first, the newest 200 at most. */
  listEvents(correlationId: string, signal: AbortSignal): Promise<readonly EngineEvent[]>;
  /** Events whose text has this id of a backup, oldest first, the newest 200 at most. */
  listEventsNaming(captureId: string, signal: AbortSignal): Promise<readonly EngineEvent[]>;
  /** Adds an event of origin `Holdfast`; one that was told before is fine. ENGINE_FORBIDDEN without the permit. */
  postEvent(notice: EventNotice, signal: AbortSignal): Promise<void>;
}

/**
 * Number of an event about a task: the same whenever it is told, so that a repeat collides instead of doubling. Engines take 31 bits,
 * so two tasks may meet in one number: then the later one goes untold.
 */
export const eventIdOf = (installationId: string, taskId: string, moment: "begin" | "end"): number =>
  Number.parseInt(derivedUuid("event", installationId, taskId, moment).slice(0, 8), 16) % 2 ** 31;
