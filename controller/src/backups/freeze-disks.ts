import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";
import { awaitReady, beginCapture, type BeginRequest } from "../capture/begin-capture.ts";
import { readCaptureEvents } from "../capture/capture-events.ts";
import { freezeTold } from "../hypervisor/snapshot-events.ts";
import { correlationIdOf } from "../hypervisor/marks.ts";
import type { CaptureWay } from "./capture-way.ts";
import { type FreezeDeps, type Freezing, type FrozenDisks, noteOnEngine } from "./freezing.ts";
import { freezeBySnapshot } from "./freeze-by-snapshot.ts";

/**
 * Freezes the disks of an attempt in the way that was decided, and waits until they can be read; intent is journalled before the
 * engine is asked (A2). Repeatable for one attempt and way. CONSISTENCY_NOT_REACHED when the way is strict and the guest did
 * not freeze.
 */
export const freezeDisks = (deps: FreezeDeps, freezing: Freezing, signal: AbortSignal): Promise<FrozenDisks> => {
  const { way } = freezing;
  return way.via === "snapshot"
    ? freezeBySnapshot(deps, { ...freezing, way }, signal)
    : freezeByBackupApi(deps, { ...freezing, way }, signal);
};

type ByBackupApi = Freezing & { readonly way: CaptureWay & { readonly via: "backup-api" } };

const freezeByBackupApi = async (
  deps: FreezeDeps,
  freezing: ByBackupApi,
  signal: AbortSignal,
): Promise<FrozenDisks> => {
  const { owner, vmId, vmStatus, plan, way, captureId, onBusy } = freezing;
  const { round, legacy, requireConsistency } = way;
  const request: BeginRequest = { owner, vmId, vmStatus, plan, round, legacy, requireConsistency, onBusy };
  await noteOnEngine(deps, freezing, { kind: "capture", objectId: captureId });
  try {
    const begun = await beginCapture(deps.engine, request, signal);
    const ready = await awaitReady(deps.engine, { ...request, plan: begun.plan }, signal);
    const { kind, checkpointId, snapshotId = "", hostId } = ready;
    await noteOnEngine(deps, freezing, { kind: "capture", objectId: captureId, facts: { snapshotId } });
    const isProven = requireConsistency && kind === "live";
    return { kind, plan: ready.plan, checkpointId, snapshotId: ready.snapshotId, hostId, isProven };
  } catch (caught) {
    if (!requireConsistency || !hasCode(caught, "CAPTURE_FAILED")) throw caught;
    throw (await failedToFreeze(deps, freezing, signal)) ? guestNotFrozen(freezing, caught) : caught;
  }
};

/** A strict capture fails as any other does; only the engine's events tell that it was the guest. */
const failedToFreeze = async (
  deps: FreezeDeps,
  { owner, captureId }: Freezing,
  signal: AbortSignal,
): Promise<boolean> => {
  const asked = { captureId, correlationId: correlationIdOf(owner), endedWell: true };
  return freezeTold(await readCaptureEvents(deps.engine, asked, signal)) === "failed";
};

const guestNotFrozen = ({ vmId }: Freezing, cause: unknown): HoldfastError =>
  new HoldfastError("CONSISTENCY_NOT_REACHED", `the engine could not freeze the guest's file systems of vm ${vmId}`, {
    details: { vmId },
    cause,
  });
