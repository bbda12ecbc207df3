import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";
import { type TakenSnapshot, askForSnapshot, awaitSnapshot, findSnapshotOf } from "../capture/take-snapshot.ts";
import { markOf } from "../hypervisor/marks.ts";
import type { CaptureWay } from "./capture-way.ts";
import { type FreezeDeps, type Freezing, type FrozenDisks, noteOnEngine } from "./freezing.ts";
import { holdGuest, thawGuestOf } from "./hold-guest.ts";

type BySnapshot = Freezing & { readonly way: CaptureWay & { readonly via: "snapshot" } };

/** A guest that holds still serves nobody: longer than this it is not kept so. */
const longestFreezeMs = 60_000;

/** Freezes disks by a snapshot of our own. */
export const freezeBySnapshot = async (
  deps: FreezeDeps,
  freezing: BySnapshot,
  signal: AbortSignal,
): Promise<FrozenDisks> => {
  const { freezesGuest } = freezing.way;
  const { snapshotId, plan } = await (freezesGuest ? takeHeld : take)(deps, freezing, signal);
  return {
    kind: "snapshot",
    plan,
    checkpointId: undefined,
    snapshotId,
    hostId: undefined,
    isProven: freezesGuest,
  };
};

const take = async (
  deps: FreezeDeps,
  freezing: BySnapshot,
  signal: AbortSignal,
  readyMs?: number,
): Promise<TakenSnapshot> => {
  const { owner, vmId, plan } = freezing;
  const entry = { kind: "snapshot", objectId: markOf(owner) } as const;
  await noteOnEngine(deps, freezing, entry);
  const snapshotId = await askForSnapshot(deps.engine, { owner, vmId, plan }, signal);
  await noteOnEngine(deps, freezing, { ...entry, facts: { snapshotId } });
  const patience = readyMs === undefined ? {} : { readyMs };
  return awaitSnapshot(deps.engine, { owner, vmId, plan, snapshotId, ...patience }, signal);
};

/**
 * The guest holds still from before the snapshot is asked for until it is there, and is thawed however that ends. A snapshot that
 * is there already was asked for by an earlier life of this step, after the guest was held.
 */
const takeHeld = async (deps: FreezeDeps, freezing: BySnapshot, signal: AbortSignal): Promise<TakenSnapshot> => {
  const former = await findSnapshotOf(deps.engine, freezing, signal);
  if (former === undefined) await holdGuest(deps, freezing, signal);
  try {
    return await take(deps, freezing, signal, longestFreezeMs);
  } catch (caught) {
    if (!hasCode(caught, "TIMEOUT")) throw caught;
    const message = `the snapshot of vm ${freezing.vmId} took longer than ${longestFreezeMs / 1_000} s, for which its guest is not held`;
    throw new HoldfastError("CONSISTENCY_NOT_REACHED", message, { cause: caught });
  } finally {
    await thawGuestOf(deps, freezing, deps.engine.clock.timeout(30_000));
  }
};
