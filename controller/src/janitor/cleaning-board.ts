import type { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { CleaningAction, LeftAlone } from "./cleaning-actions.ts";
import type { PassResult } from "./clean-engine.ts";
import { describeAction } from "./describe-action.ts";

/** Something that the janitor removed or ended. */
export interface CleanedThing {
  readonly what: string;
  /** On the engine. */
  readonly objectId: string;
  /** Empty where it is about no VM. */
  readonly vmId: string;
  readonly taskId: string;
  readonly atMs: number;
}

/** Something that is still there, or could not be looked at. */
export interface LeftThing extends Omit<CleanedThing, "atMs"> {
  /** Empty for what is left on purpose. */
  readonly code: string;
  readonly reason: string;
  readonly sinceMs: number;
  /** Passes in which it was tried in vain. */
  readonly tries: number;
}

/** How the janitor stands with one engine. */
export interface CleaningStanding {
  /** When the last pass ended; 0 for none since the start. */
  readonly lookedMs: number;
  /** Why the last pass could not look at all; empty when it could. */
  readonly failure: string;
  /** Things of ours that the engine is still ending by itself. */
  readonly ending: number;
  /** The newest first. */
  readonly cleaned: readonly CleanedThing[];
  /** Tried in vain; the next pass tries again. */
  readonly failed: readonly LeftThing[];
  /** With our mark, and left alone on purpose. */
  readonly left: readonly LeftThing[];
}

/** What the janitor did lately on each engine, in memory only: the engine is the truth, and each pass asks it anew. */
export interface CleaningBoard {
  /** Notes a pass. */
  note(managerId: string, pass: PassResult, nowMs: number): void;
  /** Notes that a pass could not look. */
  noteFailure(managerId: string, error: HoldfastError, nowMs: number): void;
  of(managerId: string): CleaningStanding;
}

const mostCleaned = 50;
const never: CleaningStanding = { lookedMs: 0, failure: "", ending: 0, cleaned: [], failed: [], left: [] };

export const createCleaningBoard = (): CleaningBoard => {
  const standings = new Map<string, CleaningStanding>();
  const of = (managerId: string): CleaningStanding => standings.get(managerId) ?? never;
  return {
    note: (managerId, pass, nowMs) => {
      standings.set(managerId, afterPass(of(managerId), pass, nowMs));
    },
    noteFailure: (managerId, { message }, nowMs) => {
      standings.set(managerId, { ...of(managerId), lookedMs: nowMs, failure: message });
    },
    of,
  };
};

const afterPass = (before: CleaningStanding, pass: PassResult, nowMs: number): CleaningStanding => ({
  lookedMs: nowMs,
  failure: "",
  ending: pass.ending,
  cleaned: [...pass.done.map((action) => ({ ...thingOf(action), atMs: nowMs })), ...before.cleaned].slice(
    0,
    mostCleaned,
  ),
  failed: [
    ...pass.failed.map(({ action, error }) => again(before.failed, { ...thingOf(action), ...wordsOf(error) }, nowMs)),
    ...pass.unread.map(({ vmId, error }) =>
      again(before.failed, { what: "look at VM", objectId: vmId, vmId, taskId: "", ...wordsOf(error) }, nowMs),
    ),
  ],
  left: pass.left.map((one) => again(before.left, leftThing(one), nowMs)),
});

const thingOf = (action: CleaningAction): Omit<CleanedThing, "atMs"> => ({
  ...describeAction(action),
  taskId: action.owner.taskId,
});

const wordsOf = ({ code, message }: HoldfastError): Pick<LeftThing, "code" | "reason"> => ({ code, reason: message });

const leftThing = ({ what, id, reason }: LeftAlone): Omit<LeftThing, "sinceMs" | "tries"> => ({
  what: `keep ${what}`,
  objectId: id,
  vmId: what === "vm" ? id : "",
  taskId: "",
  code: "",
  reason,
});

const again = (before: readonly LeftThing[], thing: Omit<LeftThing, "sinceMs" | "tries">, nowMs: number): LeftThing => {
  const known = before.find(({ what, objectId }) => what === thing.what && objectId === thing.objectId);
  return { ...thing, sinceMs: known?.sinceMs ?? nowMs, tries: (known?.tries ?? 0) + 1 };
};
