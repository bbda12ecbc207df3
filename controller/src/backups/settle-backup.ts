import type { PointSummary } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { readCaptureEvents, remarksOfEvents } from "../capture/capture-events.ts";
import { type DropRequest, dropSnapshot } from "../capture/drop-snapshot.ts";
import { endCapture } from "../capture/end-capture.ts";
import { removeObsoleteCheckpoints } from "../capture/remove-checkpoints.ts";
import type { StepDeps as CaptureDeps } from "../capture/waiting.ts";
import { listUnfinishedAttempts } from "../database/attempts-table.ts";
import { listJournalOfAttempt } from "../database/journal-table.ts";
import { correlationIdOf } from "../hypervisor/marks.ts";
import { newestBase } from "../repositories/newest-base.ts";
import { foreignTransfersOf } from "../sessions/foreign-transfers.ts";
import { type JournalEntry, isHeld } from "../sessions/journal.ts";
import type { Remark } from "../sessions/remark.ts";
import type { Settled, Standing, Try } from "../sessions/task-work.ts";
import type { WorkDeps } from "../sessions/work-deps.ts";
import { checkpointsNeededBy } from "./needed-checkpoints.ts";
import { noteReading } from "./note-reading.ts";
import { usableManager } from "./examine.ts";
import { thawAtEnd } from "./hold-guest.ts";
import { ownerOf } from "./owner-of.ts";
import { type PreparedBackup, parsePrepared, tryPrepared } from "./prepared-backup.ts";

/**
 * Ends what a backup's attempt has on the engine: its transfers, its capture, and, once the fence has answered, the checkpoints of
 * ours that no newest base names. While it is uncertain the checkpoints stay (A7).
 */
export const settleBackup = async (
  deps: WorkDeps,
  what: Try,
  standing: Standing,
  signal: AbortSignal,
): Promise<Settled> => {
  const prepared = parsePrepared(what.attempt.prepared);
  if (prepared === null) return { kind: "clean", remarks: [] };
  const { task } = what;
  const { hypervisor } = usableManager(deps, task.managerId);
  const captureDeps: CaptureDeps = {
    hypervisor,
    clock: deps.clock,
    log: deps.log.child({ session: task.sessionId, task: task.taskId }),
  };
  const remarks = await endFreezing(deps, captureDeps, { what, prepared }, signal);
  await noteReading(deps, task, { prepared, standing });
  if (standing !== "uncertain") await removeCheckpoints(deps, captureDeps, what, signal);
  return { kind: "clean", remarks };
};

interface Frozen {
  readonly what: Try;
  readonly prepared: PreparedBackup;
}

/** A guest that may still hold still goes on first; then what froze the disks is ended. */
const endFreezing = async (
  deps: WorkDeps,
  captureDeps: CaptureDeps,
  { what, prepared }: Frozen,
  signal: AbortSignal,
): Promise<readonly Remark[]> => {
  const { task, attempt } = what;
  const { vmId, managerId } = task;
  const owner = ownerOf(deps.installationId, attempt);
  const journal = await listJournalOfAttempt(deps.database.queries, attempt);
  const freezeDeps = { engine: captureDeps, database: deps.database };
  const thawed = journal.some(isHeld) ? await thawAtEnd(freezeDeps, { owner, managerId, vmId }, signal) : [];
  if (prepared.way.via === "snapshot") {
    const own = snapshotOfJournal(journal);
    return [...thawed, ...(await dropSnapshot(captureDeps, { owner, vmId, ...own }, signal))];
  }
  const { captureId } = prepared;
  const correlationId = correlationIdOf(owner);
  const request = { vmId, captureId, correlationId, snapshotId: snapshotOf(prepared) };
  const ended = await endCapture(captureDeps, request, signal);
  const endedWell = ended.outcome === "succeeded" && ended.remarks.length === 0;
  const told = remarksOfEvents(await readCaptureEvents(captureDeps, { captureId, correlationId, endedWell }, signal));
  return [...thawed, ...ended.remarks, ...told];
};

/** What the journal knows of an attempt's own snapshot and of who reads it. */
const snapshotOfJournal = (journal: readonly JournalEntry[]): Omit<DropRequest, "owner" | "vmId"> => {
  const transfers = journal.filter(({ kind }) => kind === "transfer");
  return {
    snapshotId: journal.find(({ kind, facts }) => kind === "snapshot" && "snapshotId" in facts)?.facts["snapshotId"],
    transferIds: transfers.flatMap(({ facts }) => facts["transferId"] ?? []),
    unansweredDiskIds: transfers.flatMap(({ facts, objectId }) => ("transferId" in facts ? [] : [objectId])),
    foreignTransferIds: transfers.flatMap(foreignTransfersOf),
  };
};

const snapshotOf = (prepared: PreparedBackup): string | undefined =>
  prepared.stage === "ready" && prepared.snapshotId !== "" ? prepared.snapshotId : undefined;

/** Checkpoints are removed only when every repository said which one its newest base names; else the janitor comes back to it. */
const removeCheckpoints = async (
  deps: WorkDeps,
  captureDeps: CaptureDeps,
  { task }: Try,
  signal: AbortSignal,
): Promise<void> => {
  const vm = { engineInstanceId: task.engineInstanceId, vmId: task.vmId };
  const keepIds = await neededCheckpoints(deps, vm, signal);
  if (keepIds === undefined) return;
  await removeObsoleteCheckpoints(
    captureDeps,
    { vmId: task.vmId, installationId: deps.installationId, keepIds },
    signal,
  );
};

/**
 * Checkpoints of a VM that a newest base of any repository names, and those of its attempts that are not settled. Undefined
 * when a repository could not be asked: then none may be removed.
 */
export const neededCheckpoints = async (
  deps: Pick<WorkDeps, "repositories" | "database" | "log">,
  vm: { readonly engineInstanceId: string; readonly vmId: string },
  signal: AbortSignal,
): Promise<ReadonlySet<string> | undefined> => {
  const newest: PointSummary[] = [];
  try {
    for (const repository of deps.repositories.list())
      newest.push(...onlyNewest(await repository.listPoints({ vm }, signal)));
  } catch (caught) {
    signal.throwIfAborted();
    deps.log.debug("checkpoints stay, since a repository cannot say which it needs", { vm: vm.vmId, err: caught });
    return undefined;
  }
  const needed = new Set(checkpointsNeededBy(newest));
  for (const { state, prepared } of await listUnfinishedAttempts(deps.database.queries)) {
    const backup = state === "ending" ? null : tryPrepared(prepared);
    if (backup?.stage === "ready" && backup.checkpointId !== "") needed.add(backup.checkpointId);
  }
  return needed;
};

const onlyNewest = (points: readonly PointSummary[]): readonly PointSummary[] => {
  const newest = newestBase(points);
  return newest === undefined ? [] : [newest];
};
