import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";
import { ownerOf } from "../backups/owner-of.ts";
import { usableManager } from "../backups/examine.ts";
import { type OpenedDisk, closeDisk, openDisk, openTransfersOf } from "../capture/open-disk.ts";
import { transferInTime } from "../capture/transfer-in-time.ts";
import { type StepDeps as EngineStepDeps, throughOutages, waitFor } from "../capture/waiting.ts";
import { listJournalOfAttempt, writeJournal } from "../database/journal-table.ts";
import { correlated } from "../hypervisor/correlation.ts";
import { correlationIdOf } from "../hypervisor/marks.ts";
import { foreignTransfersOf, toForeignFacts } from "../sessions/foreign-transfers.ts";
import type { JournalEntry } from "../sessions/journal.ts";
import type { OpenableDisk, Try } from "../sessions/task-work.ts";
import type { WorkDeps } from "../sessions/work-deps.ts";

/** An opening that is under way or done. */
export type TicketState =
  | { readonly kind: "opening" }
  | { readonly kind: "open"; readonly disk: OpenedDisk }
  | { readonly kind: "failed"; readonly error: HoldfastError };

/**
 * The tickets of open attempts: in this process's memory only, never stored or logged (R12, A11). After a restart of the
 * controller they are asked of the engine anew.
 */
export interface TicketBox {
  /**
   * The ticket of a disk; the first asking opens it. One whose transfer is said to have broken is replaced by a fresh one, as is
   * one that could not be opened, once that was told.
   */
  look(what: Try, disk: OpenableDisk, brokenTransferId: string): TicketState;
  /** Lets the engine have a disk back, in the background; a ticket that is not known here is left to settling. */
  close(what: Try, disk: OpenableDisk, succeeded: boolean): void;
  /** Attempts that tickets are kept for. */
  attemptIds(): readonly string[];
  /** Ends openings of an attempt that are under way and forgets its tickets. */
  drop(attemptId: string): void;
}

interface Entry {
  state: TicketState;
  readonly controller: AbortController;
}

export const createTicketBox = (deps: WorkDeps): TicketBox & AsyncDisposable => {
  const entries = new Map<string, Map<string, Entry>>();
  const underWay = new Set<Promise<void>>();
  const track = (work: Promise<void>): void => {
    underWay.add(work);
    void work.finally(() => underWay.delete(work));
  };
  const drop = (attemptId: string): void => {
    for (const { controller } of entries.get(attemptId)?.values() ?? []) {
      controller.abort(new HoldfastError("CANCELLED", "the attempt has ended"));
    }
    entries.delete(attemptId);
  };
  return {
    look: (what, disk, brokenTransferId) => {
      const ofAttempt = entries.get(what.attempt.attemptId) ?? new Map<string, Entry>();
      entries.set(what.attempt.attemptId, ofAttempt);
      const known = ofAttempt.get(disk.diskId);
      if (known?.state.kind === "failed") ofAttempt.delete(disk.diskId);
      if (known !== undefined && !isBroken(known.state, brokenTransferId)) return known.state;
      const entry: Entry = { state: { kind: "opening" }, controller: new AbortController() };
      ofAttempt.set(disk.diskId, entry);
      track(correlated(idOf(what), () => openInto(deps, what, { disk, entry, brokenTransferId })));
      return entry.state;
    },
    close: (what, disk, succeeded) => {
      const entry = entries.get(what.attempt.attemptId)?.get(disk.diskId);
      if (entry?.state.kind !== "open") return;
      const closing = {
        disk,
        transferId: entry.state.disk.transferId,
        succeeded,
        signal: entry.controller.signal,
      };
      track(correlated(idOf(what), () => closeOnEngine(deps, what, closing)));
    },
    attemptIds: () => [...entries.keys()],
    drop,
    [Symbol.asyncDispose]: async () => {
      for (const attemptId of entries.keys()) drop(attemptId);
      await Promise.all(underWay);
    },
  };
};

const idOf = ({ attempt: { taskId, number } }: Try): string => correlationIdOf({ taskId, attemptNumber: number });

const isBroken = (state: TicketState, brokenTransferId: string): boolean =>
  state.kind === "open" && state.disk.transferId === brokenTransferId;

interface Opening {
  readonly disk: OpenableDisk;
  readonly entry: Entry;
  readonly brokenTransferId: string;
}

const openInto = async (deps: WorkDeps, what: Try, { disk, entry, brokenTransferId }: Opening): Promise<void> => {
  const { signal } = entry.controller;
  try {
    const open = (): Promise<OpenedDisk> => openOnEngine(deps, what, { disk, brokenTransferId }, signal);
    const patience = { patienceMs: deps.settings.enginePatienceMs, what: `disk ${disk.diskId} to be opened` };
    const opened =
      disk.direction === "upload"
        ? await open()
        : await throughOutages(engineDepsOf(deps, what), patience, open, signal);
    entry.state = { kind: "open", disk: opened };
  } catch (caught) {
    entry.state = { kind: "failed", error: HoldfastError.from(caught) };
    if (entry.controller.signal.aborted) return;
    deps.log.warn("a disk cannot be opened", { ...fieldsOf(what), disk: disk.diskId, err: caught });
  }
  deps.bell.attempt(what.attempt.agentId, what.attempt.attemptId);
};

const openOnEngine = async (
  deps: WorkDeps,
  what: Try,
  { disk, brokenTransferId }: Pick<Opening, "disk" | "brokenTransferId">,
  signal: AbortSignal,
): Promise<OpenedDisk> => {
  const { queries } = deps.database;
  const journal = await listJournalOfAttempt(queries, what.attempt);
  const former = journal.find(({ kind, objectId }) => kind === "transfer" && objectId === disk.diskId);
  const formerId = former?.facts["transferId"];
  const engine = engineDepsOf(deps, what);
  const again = formerId === brokenTransferId ? undefined : await findAgain(engine, disk, formerId, signal);
  if (again !== undefined) return again;
  if (former !== undefined) await refuseOtherMoment(engine, disk, signal);
  const foreign = await foreignTransfers(engine, disk, former, signal);
  await writeJournal(queries, transferEntry(what, disk, toForeignFacts(foreign)), deps.clock.nowMs());
  return openDisk(
    engine,
    {
      owner: ownerOf(deps.installationId, what.attempt),
      diskId: disk.diskId,
      direction: disk.direction,
      captureId: disk.captureId,
      snapshot: disk.snapshotId === undefined ? undefined : { vmId: disk.vmId, snapshotId: disk.snapshotId },
      hostId: disk.hostId,
      repeated: former !== undefined,
      foreignTransferIds: foreign,
      inactivityTimeoutS: deps.settings.transferInactivityS,
    },
    (transferId) => writeJournal(queries, transferEntry(what, disk, { transferId }), deps.clock.nowMs()),
    signal,
  );
};

/**
 * What others read of a disk that a snapshot froze: all that is open and not known to be ours, as it was before the opening whose
 * answer is not known. Of a disk in a capture of ours there is none.
 */
const foreignTransfers = async (
  engine: EngineStepDeps,
  { diskId, direction, snapshotId }: OpenableDisk,
  former: JournalEntry | undefined,
  signal: AbortSignal,
): Promise<readonly string[]> => {
  if (snapshotId === undefined) return [];
  if (former !== undefined && !("transferId" in former.facts)) return foreignTransfersOf(former);
  const open = await openTransfersOf(engine, [diskId], direction, signal);
  return open.filter((id) => id !== former?.facts["transferId"]);
};

/** A disk that was opened before is opened anew only while it is still the same frozen one; what was written is trusted never. */
const refuseOtherMoment = async (engine: EngineStepDeps, disk: OpenableDisk, signal: AbortSignal): Promise<void> => {
  const { diskId, direction, captureId, vmId } = disk;
  if (direction === "upload")
    throw new HoldfastError(
      "TRANSFER_FAILED",
      `the transfer of disk ${diskId} is gone: what was written cannot be trusted`,
    );
  if (captureId === undefined) return;
  const capture = await engine.hypervisor.getCapture(vmId, captureId, signal);
  if (capture?.phase === "ready") return;
  throw new HoldfastError(
    "CAPTURE_ENDED",
    `disk ${diskId} cannot be read on: the engine's backup ${captureId} is ${capture?.phase ?? "gone"}`,
    { details: { captureId, diskId } },
  );
};

const openMs = 120_000;

/** The ticket of a transfer that an earlier life of this process opened, as long as the engine still has it open. */
const findAgain = async (
  engine: EngineStepDeps,
  { diskId }: OpenableDisk,
  transferId: string | undefined,
  signal: AbortSignal,
): Promise<OpenedDisk | undefined> => {
  if (transferId === undefined) return undefined;
  const look = async (): Promise<{ readonly opened: OpenedDisk | undefined } | undefined> => {
    const transfer = await engine.hypervisor.getTransfer(transferId, signal);
    if (transfer?.phase === "opening") return undefined;
    const { transferUrl, proxyUrl, hostId } = transfer ?? {};
    if (transfer?.phase !== "open" || transferUrl === undefined) return { opened: undefined };
    return { opened: { transferId, transferUrl, proxyUrl: proxyUrl === transferUrl ? undefined : proxyUrl, hostId } };
  };
  const patience = { what: `transfer ${transferId} to open`, deadlineMs: openMs };
  const found = await transferInTime({ diskId, transferId }, () => waitFor(engine, patience, look, signal));
  return found.opened;
};

interface Closing {
  readonly disk: OpenableDisk;
  readonly transferId: string;
  readonly succeeded: boolean;
  readonly signal: AbortSignal;
}

/** Closing early only frees the engine sooner: what fails here is done again when the attempt settles. */
const closeOnEngine = async (
  deps: WorkDeps,
  what: Try,
  { disk, transferId, succeeded, signal }: Closing,
): Promise<void> => {
  try {
    await closeDisk(engineDepsOf(deps, what), { transferId, direction: disk.direction, succeeded }, signal);
  } catch (caught) {
    if (signal.aborted || hasCode(caught, "CANCELLED")) return;
    deps.log.warn("a disk could not be closed yet", { ...fieldsOf(what), disk: disk.diskId, err: caught });
  }
};

const engineDepsOf = (deps: WorkDeps, what: Try): EngineStepDeps => ({
  hypervisor: usableManager(deps, what.task.managerId).hypervisor,
  clock: deps.clock,
  log: deps.log.child(fieldsOf(what)),
});

const fieldsOf = ({ task, attempt }: Try): Record<string, unknown> => ({
  session: task.sessionId,
  task: task.taskId,
  attempt: attempt.number,
});

const transferEntry = ({ task, attempt }: Try, disk: OpenableDisk, facts: JournalEntry["facts"]): JournalEntry => ({
  managerId: task.managerId,
  taskId: attempt.taskId,
  attemptNumber: attempt.number,
  attemptId: attempt.attemptId,
  kind: "transfer",
  vmId: disk.vmId,
  objectId: disk.diskId,
  facts,
});
