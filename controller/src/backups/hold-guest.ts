import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";
import type { CaptureRemark } from "../capture/reasons.ts";
import { listJournalOfAttempt } from "../database/journal-table.ts";
import { isAnswerLost } from "../hypervisor/answers.ts";
import { correlationIdOf } from "../hypervisor/marks.ts";
import { isHeld } from "../sessions/journal.ts";
import { type FreezeDeps, type Freezing, noteOnEngine } from "./freezing.ts";

type Held = Pick<Freezing, "owner" | "managerId" | "vmId">;

/**
 * Has the guest hold its file systems still; journalled before, since somebody has to thaw it. One that may be held by an earlier life
 * of this step goes on first: it would refuse to be frozen again. CONSISTENCY_NOT_REACHED.
 */
export const holdGuest = async (deps: FreezeDeps, held: Held, signal: AbortSignal): Promise<void> => {
  const { owner, vmId } = held;
  if (await isGuestHeld(deps, held)) await thawGuest(deps, held, signal);
  await noteOnEngine(deps, held, { kind: "freeze", objectId: vmId });
  try {
    await deps.engine.hypervisor.freezeGuest({ vmId, correlationId: correlationIdOf(owner) }, signal);
  } catch (caught) {
    if (!hasCode(caught, "ENGINE_FAULT", "ENGINE_CONFLICT")) throw caught;
    // Refused is not frozen; after a lost answer nobody knows, and the journal has it.
    if (isAnswerLost(caught)) await thawGuestOf(deps, held, signal);
    else await noteThawed(deps, held);
    const message = `the guest's file systems of vm ${vmId} cannot be frozen: ${HoldfastError.from(caught).message}`;
    throw new HoldfastError("CONSISTENCY_NOT_REACHED", message, { details: { vmId }, cause: caught });
  }
};

/** True when the journal has a guest of this attempt that is not known to have been thawed. */
export const isGuestHeld = async ({ database }: FreezeDeps, { owner }: Held): Promise<boolean> =>
  (await listJournalOfAttempt(database.queries, { taskId: owner.taskId, number: owner.attemptNumber })).some(isHeld);

/**
 * Lets the guest go on when the attempt settles. An engine that refuses is not asked again, since the guest may have gone on
 * long ago: the task says it.
 */
export const thawAtEnd = async (
  deps: FreezeDeps,
  held: Held,
  signal: AbortSignal,
): Promise<readonly CaptureRemark[]> => {
  try {
    await thawGuest(deps, held, signal);
    return [];
  } catch (caught) {
    if (!hasCode(caught, "ENGINE_FAULT", "ENGINE_CONFLICT")) throw caught;
    await noteThawed(deps, held);
    const message = `the guest was asked to hold still and may not have been thawed: ${HoldfastError.from(caught).message}`;
    return [{ level: "warning", code: "GUEST_NOT_THAWED", message, diskId: "" }];
  }
};

/** Lets the guest go on; what fails here stands in the journal and is done again when the attempt settles. */
export const thawGuestOf = async (deps: FreezeDeps, held: Held, signal: AbortSignal): Promise<void> => {
  try {
    await thawGuest(deps, held, signal);
  } catch (caught) {
    deps.engine.log.warn("a guest could not be thawed yet", { vm: held.vmId, task: held.owner.taskId, err: caught });
  }
};

/** Lets the guest go on, or fails with what the engine says. */
export const thawGuest = async (deps: FreezeDeps, held: Held, signal: AbortSignal): Promise<void> => {
  const { owner, vmId } = held;
  await deps.engine.hypervisor.thawGuest({ vmId, correlationId: correlationIdOf(owner) }, signal);
  await noteThawed(deps, held);
};

/** Keeps that a guest needs no thawing any more. */
export const noteThawed = (deps: FreezeDeps, held: Held): Promise<void> =>
  noteOnEngine(deps, held, { kind: "freeze", objectId: held.vmId, facts: { thawed: "true" } });
