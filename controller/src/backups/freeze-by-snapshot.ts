import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";
import { type TakenSnapshot, askForSnapshot, awaitSnapshot, findSnapshotOf } from "../capture/take-snapshot.ts";
import { markOf } from "../hypervisor/marks.ts";
import type { CaptureWay } from "./capture-way.ts";
import { type FreezeDeps, type Freezing, type FrozenDisks, noteOnEngine } from "./freezing.ts";
import { holdGuest, isGuestHeld, thawGuestOf } from "./hold-guest.ts";

type BySnapshot = Freezing & { readonly way: CaptureWay & { readonly via: "snapshot" } };

/** A guest that holds still serves nobody: longer than this it is not kept so, and for a busy VM it is kept so but for a moment. */
const longestFreezeMs = 60_000;
const busyWhileHeldMs = 5_000;

/** Freezes disks by a snapshot of our own. */
export const freezeBySnapshot = async (
  deps: FreezeDeps,
  freezing: BySnapshot,
  signal: AbortSignal,
): Promise<FrozenDisks> => {
  const { taken, isProven } = freezing.way.freezesGuest
    ? await takeHeld(deps, freezing, signal)
    : { taken: await take(deps, freezing, signal), isProven: false };
  const { snapshotId, plan } = taken;
  return { kind: "snapshot", plan, checkpointId: undefined, snapshotId, hostId: undefined, isProven };
};

const take = async (
  deps: FreezeDeps,
  freezing: BySnapshot,
  signal: AbortSignal,
  heldMs?: number,
): Promise<TakenSnapshot> => {
  const { owner, vmId, plan, onBusy } = freezing;
  const entry = { kind: "snapshot", objectId: markOf(owner) } as const;
  const { clock } = deps.engine;
  const untilMs = heldMs === undefined ? undefined : clock.monotonicMs() + heldMs;
  await noteOnEngine(deps, freezing, entry);
  const busy = untilMs === undefined ? { onBusy } : { busyMs: busyWhileHeldMs };
  const snapshotId = await askForSnapshot(deps.engine, { owner, vmId, plan, ...busy }, signal);
  await noteOnEngine(deps, freezing, { ...entry, facts: { snapshotId } });
  const patience = untilMs === undefined ? {} : { readyMs: Math.max(0, untilMs - clock.monotonicMs()) };
  return awaitSnapshot(deps.engine, { owner, vmId, plan, snapshotId, ...patience }, signal);
};

/**
 * The guest holds still from before the snapshot is asked for until it is there, and is thawed however that ends. A snapshot that
 * is there already was asked for by an earlier life of this step, after the guest was held: whether it holds still yet the journal says.
 */
const takeHeld = async (
  deps: FreezeDeps,
  freezing: BySnapshot,
  signal: AbortSignal,
): Promise<{ readonly taken: TakenSnapshot; readonly isProven: boolean }> => {
  const former = await findSnapshotOf(deps.engine, freezing, signal);
  if (former === undefined) await holdGuest(deps, freezing, signal);
  const isProven = await isGuestHeld(deps, freezing);
  try {
    return { taken: await take(deps, freezing, signal, longestFreezeMs), isProven };
  } catch (caught) {
    if (!hasCode(caught, "TIMEOUT")) throw caught;
    const message = `the snapshot of vm ${freezing.vmId} took longer than ${longestFreezeMs / 1_000} s, for which its guest is not held`;
    throw new HoldfastError("CONSISTENCY_NOT_REACHED", message, { cause: caught });
  } finally {
    await thawGuestOf(deps, freezing, deps.engine.clock.timeout(30_000));
  }
};
