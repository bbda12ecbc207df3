import type { PointSummary } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import type { HeldGuest, Known } from "../janitor/plan-cleaning.ts";
import { type AttemptIdentity, ownerOf } from "../backups/owner-of.ts";
import { checkpointsNeededBy } from "../backups/needed-checkpoints.ts";
import { listUnfinishedAttempts } from "../database/attempts-table.ts";
import { listJournalOfManager } from "../database/journal-table.ts";
import { listSucceededRestores } from "../database/restored-attempts.ts";
import type { Owner } from "../hypervisor/marks.ts";
import { newestBase } from "../repositories/newest-base.ts";
import { isHeld } from "./journal.ts";
import type { WorkDeps } from "./work-deps.ts";

/** What the janitor is told of one manager: whose things are being worked on, and what points still need. */
export const readKnown = async (deps: WorkDeps, managerId: string, signal: AbortSignal): Promise<Known> => {
  const { queries } = deps.database;
  const journal = await listJournalOfManager(queries, managerId);
  const unfinished = await listUnfinishedAttempts(queries);
  const restores = await listSucceededRestores(queries);
  const toOwner = (attempt: AttemptIdentity): Owner => ownerOf(deps.installationId, attempt);
  const transferOwners = new Map<string, Owner>();
  const snapshotOwners = new Map<string, Owner>();
  const heldGuests: HeldGuest[] = [];
  for (const entry of journal) {
    const { taskId, attemptNumber, attemptId, facts, vmId } = entry;
    const owner = toOwner({ taskId, number: attemptNumber, attemptId });
    if (isHeld(entry)) heldGuests.push({ vmId, owner });
    if (facts["transferId"] !== undefined) transferOwners.set(facts["transferId"], owner);
    if (facts["snapshotId"] !== undefined && facts["snapshotId"] !== "") snapshotOwners.set(facts["snapshotId"], owner);
  }
  return {
    liveOwners: unfinished.filter(({ state }) => state !== "uncertain").map(toOwner),
    uncertainOwners: unfinished.filter(({ state }) => state === "uncertain").map(toOwner),
    succeededOwners: restores.map(toOwner),
    transferOwners,
    snapshotOwners,
    heldGuests,
    neededCheckpoints: await neededByVm(deps, managerId, signal),
  };
};

/** Empty, so that every checkpoint stays, unless every repository said which its newest good points name. */
const neededByVm = async (
  deps: WorkDeps,
  managerId: string,
  signal: AbortSignal,
): Promise<Known["neededCheckpoints"]> => {
  const manager = deps.managers.find(managerId);
  const repositories = deps.repositories.list();
  if (manager?.inventory === undefined || repositories.length === 0) return new Map();
  const { engineInstanceId } = manager.record;
  try {
    const newest: PointSummary[] = [];
    for (const repository of repositories) newest.push(...newestOfEach(await repository.listPoints({}, signal)));
    const ofVms = Map.groupBy(
      newest.filter(({ vm }) => vm?.engineInstanceId === engineInstanceId),
      ({ vm }) => vm?.vmId ?? "",
    );
    return new Map(manager.inventory.vms.map(({ id }) => [id, checkpointsNeededBy(ofVms.get(id) ?? [])]));
  } catch (caught) {
    signal.throwIfAborted();
    deps.log.debug("checkpoints stay, since a repository cannot say which it needs", {
      manager: managerId,
      err: caught,
    });
    return new Map();
  }
};

/** The newest base of each VM that a repository has. */
const newestOfEach = (points: readonly PointSummary[]): readonly PointSummary[] =>
  [...Map.groupBy(points, ({ vm }) => `${vm?.engineInstanceId}/${vm?.vmId}`).values()].flatMap(
    (ofVm) => newestBase(ofVm) ?? [],
  );
