import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";

import { isAnswerLost } from "../hypervisor/answers.ts";
import type { Snapshot } from "../hypervisor/inventory.ts";
import { type Owner, correlationIdOf, markOf } from "../hypervisor/marks.ts";
import { type CapturePlan, disksToCapture } from "./plan-disks.ts";
import { settleSnapshot } from "./snapshot-plan.ts";
import { toldByEngine } from "./told-by-engine.ts";
import { type BusyPatience, type StepDeps, throughConflicts, waitFor } from "./waiting.ts";

/** A snapshot of our own that freezes the disks of a plan. */
export interface TakeRequest {
  readonly owner: Owner;
  readonly vmId: string;
  readonly plan: CapturePlan;
  /** How long a busy VM is waited for; 2 minutes unless said. */
  readonly busyMs?: number;
  /** Told while the VM is busy, before each pause. */
  readonly onBusy?: BusyPatience["onBusy"];
  /** How long the engine may take; 15 minutes unless said. */
  readonly readyMs?: number;
}

/** A snapshot whose disks can be read. */
export interface TakenSnapshot {
  readonly snapshotId: string;
  /** Final modes, sizes and remarks. */
  readonly plan: CapturePlan;
}

/** How long a snapshot may take to show up whose answer was lost. */
const lateMs = 10_000;

/** The snapshot that an attempt made, by its mark; undefined when the engine shows none. */
export const findSnapshotOf = async (
  deps: StepDeps,
  { owner, vmId }: Pick<TakeRequest, "owner" | "vmId">,
  signal: AbortSignal,
): Promise<Snapshot | undefined> => {
  const rows = await deps.hypervisor.listSnapshots(vmId, signal);
  return rows.find(({ type, description }) => type !== "active" && description === markOf(owner));
};

/**
 * Asks for the snapshot, once however often it is called for one attempt: one with its mark is taken for it, also when the answer
 * that told of it was lost. Answers its id. Fails with NOTHING_TO_BACK_UP, ENGINE_CONFLICT (still busy), ENGINE_UNREACHABLE
 * (whether there is one nobody can say: it carries the mark), or the engine's own refusal.
 */
export const askForSnapshot = async (deps: StepDeps, request: TakeRequest, signal: AbortSignal): Promise<string> => {
  const { vmId, plan, busyMs = 120_000, onBusy } = request;
  if (disksToCapture(plan).length === 0) {
    throw new HoldfastError("NOTHING_TO_BACK_UP", `vm ${vmId} has no disk that can be backed up`, {
      details: { vmId },
    });
  }
  const ask = async (): Promise<Snapshot> =>
    (await findSnapshotOf(deps, request, signal)) ?? (await createOrFind(deps, request, signal));
  const { id } = await throughConflicts(deps, { what: `vm ${vmId}`, deadlineMs: busyMs, onBusy }, ask, signal);
  return id;
};

const createOrFind = async (deps: StepDeps, request: TakeRequest, signal: AbortSignal): Promise<Snapshot> => {
  const { owner, vmId, plan } = request;
  const diskIds = disksToCapture(plan).map(({ id }) => id);
  const names = { description: markOf(owner), correlationId: correlationIdOf(owner) };
  const create = () => deps.hypervisor.createSnapshot({ vmId, diskIds, ...names }, signal);
  try {
    return await create();
  } catch (caught) {
    if (!isAnswerLost(caught)) throw caught;
    deps.log.debug("the answer about a snapshot was lost", { vm: vmId, task: owner.taskId, err: caught });
    const look = () => findSnapshotOf(deps, request, signal);
    // An engine that answers shows at once what it has begun.
    if (caught.code === "ENGINE_FAULT") return (await look()) ?? (await create());
    const patience = { what: `a snapshot of vm ${vmId} to show up`, deadlineMs: lateMs };
    return await waitFor(deps, patience, look, signal).catch((late: unknown) => {
      throw hasCode(late, "TIMEOUT") ? caught : late;
    });
  }
};

/**
 * Waits until the snapshot can be read and takes the engine's word about its disks. Fails with CAPTURE_FAILED (with what the
 * engine's events say) when it vanishes, as failed ones do, TIMEOUT, or NOTHING_TO_BACK_UP when no disk is in it.
 */
export const awaitSnapshot = async (
  deps: StepDeps,
  request: TakeRequest & { readonly snapshotId: string },
  signal: AbortSignal,
): Promise<TakenSnapshot> => {
  const { vmId, snapshotId, readyMs = 900_000 } = request;
  const patience = { what: `snapshot ${snapshotId} of vm ${vmId} to be ready`, deadlineMs: readyMs };
  await waitFor(deps, patience, () => lookReady(deps, request, signal), signal);
  const frozen = await deps.hypervisor.listSnapshotDisks(vmId, snapshotId, signal);
  const plan = settleSnapshot(request.plan, frozen);
  if (disksToCapture(plan).length === 0) {
    throw new HoldfastError("NOTHING_TO_BACK_UP", `the engine left every disk of vm ${vmId} out of the snapshot`, {
      details: { vmId, snapshotId },
    });
  }
  return { snapshotId, plan };
};

const lookReady = async (
  deps: StepDeps,
  { owner, vmId, snapshotId }: TakeRequest & { readonly snapshotId: string },
  signal: AbortSignal,
): Promise<true | undefined> => {
  const rows = await deps.hypervisor.listSnapshots(vmId, signal);
  const row = rows.find(({ id, type }) => id === snapshotId && type !== "active");
  if (row?.status === "ok") return true;
  if (row !== undefined) return undefined;
  throw new HoldfastError(
    "CAPTURE_FAILED",
    `snapshot ${snapshotId} of vm ${vmId} vanished before it was ready${await toldByEngine(deps, owner, signal)}`,
    { details: { vmId, snapshotId } },
  );
};
