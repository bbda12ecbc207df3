import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";
import type * as z from "zod";

import type { Capture, CaptureOperations, CaptureRequest } from "../../hypervisor/captures.ts";
import { captureRefusalOf } from "../capture-refusals.ts";
import type { EngineCall, EngineClient } from "../engine-client.ts";
import { captureRow, checkpointRow, snapshotRow } from "../rows/capture-rows.ts";
import { captureDiskRow } from "../rows/disk-rows.ts";
import { collection, stub } from "../values.ts";
import { vmNotFound } from "./inventory-calls.ts";

const ended: readonly Capture["phase"][] = ["finalizing", "succeeded", "failed"];

/** Backups, checkpoints and snapshots of VMs. */
export class CaptureCalls implements CaptureOperations {
  readonly #client: EngineClient;

  constructor(client: EngineClient) {
    this.#client = client;
  }

  async startCapture(request: CaptureRequest, signal: AbortSignal): Promise<Capture> {
    const { vmId, captureId } = request;
    try {
      return await this.#client.ask(startCall(request), captureRow(vmId), signal);
    } catch (caught) {
      if (hasCode(caught, "NOT_FOUND")) throw vmNotFound(vmId);
      // Sent before, and the answer was lost or another message came first ("the VM is during a backup"): look.
      if (!hasCode(caught, "ALREADY_EXISTS", "ENGINE_CONFLICT", "ENGINE_FAULT")) throw captureRefusalOf(caught);
      const existing = await this.getCapture(vmId, captureId, signal);
      if (existing !== undefined) return existing;
      throw saysNothing(caught) ? captureFailed(request, caught) : captureRefusalOf(caught);
    }
  }

  getCapture(vmId: string, captureId: string, signal: AbortSignal) {
    return this.#client.find(get(`/vms/${vmId}/backups/${captureId}`), captureRow(vmId), signal);
  }

  listCaptures(vmId: string, signal: AbortSignal) {
    return this.#listOfVm(vmId, "backups", collection("backup", captureRow(vmId)), signal);
  }

  async listCaptureDisks(vmId: string, captureId: string, signal: AbortSignal) {
    const path = `/vms/${vmId}/backups/${captureId}/disks`;
    return (await this.#client.find(get(path), collection("disk", captureDiskRow), signal)) ?? [];
  }

  async finalizeCapture(request: Parameters<CaptureOperations["finalizeCapture"]>[0], signal: AbortSignal) {
    const { vmId, captureId, correlationId } = request;
    const path = `/vms/${vmId}/backups/${captureId}/finalize`;
    try {
      await this.#client.tell({ method: "POST", path, correlationId, repeatable: true }, signal);
    } catch (caught) {
      if (hasCode(caught, "NOT_FOUND")) return;
      // "Already finalizing", and "premature stop" which is how a capture that is not ready is aborted, come as 400.
      if (!hasCode(caught, "ENGINE_FAULT")) throw caught;
      if (saysAborted(caught)) return;
      const capture = await this.getCapture(vmId, captureId, signal);
      if (capture !== undefined && !ended.includes(capture.phase)) throw caught;
    }
  }

  listCheckpoints(vmId: string, signal: AbortSignal) {
    return this.#listOfVm(vmId, "checkpoints", collection("checkpoint", checkpointRow), signal);
  }

  async listCheckpointDisks(vmId: string, checkpointId: string, signal: AbortSignal) {
    const path = `/vms/${vmId}/checkpoints/${checkpointId}/disks`;
    const disks = await this.#client.find(get(path), collection("disk", stub), signal);
    return (disks ?? []).map(({ id }) => id);
  }

  removeCheckpoint(vmId: string, checkpointId: string, signal: AbortSignal) {
    return tellUnlessGone(this.#client, { method: "DELETE", path: `/vms/${vmId}/checkpoints/${checkpointId}` }, signal);
  }

  async enableTracking(vmId: string, diskId: string, signal: AbortSignal) {
    // Engines edit an attached disk only through its attachment.
    const path = `/vms/${vmId}/diskattachments/${diskId}`;
    await this.#client.tell(
      { method: "PUT", path, body: { disk: { backup: "incremental" } }, repeatable: true },
      signal,
    );
  }

  listSnapshots(vmId: string, signal: AbortSignal) {
    return this.#listOfVm(vmId, "snapshots", collection("snapshot", snapshotRow), signal);
  }

  removeSnapshot(request: Parameters<CaptureOperations["removeSnapshot"]>[0], signal: AbortSignal) {
    const { vmId, snapshotId, correlationId } = request;
    const path = `/vms/${vmId}/snapshots/${snapshotId}`;
    return tellUnlessGone(this.#client, { method: "DELETE", path, correlationId }, signal);
  }

  /** A sub-collection of a VM; empty when the VM itself is gone. */
  async #listOfVm<Row>(
    vmId: string,
    name: string,
    schema: z.ZodType<Row[]>,
    signal: AbortSignal,
  ): Promise<readonly Row[]> {
    return (await this.#client.find(get(`/vms/${vmId}/${name}`), schema, signal)) ?? [];
  }
}

const get = (path: string): EngineCall => ({ method: "GET", path });

const startCall = (request: CaptureRequest): EngineCall => ({
  method: "POST",
  path: `/vms/${request.vmId}/backups`,
  correlationId: request.correlationId,
  repeatable: true,
  // Engines read `legacy`; the `use_active` of their documentation does nothing.
  query: {
    ...(request.legacy === true ? { legacy: "true" } : {}),
    ...(request.requireConsistency === true ? { require_consistency: "true" } : {}),
  },
  body: {
    id: request.captureId,
    description: request.description,
    ...(request.fromCheckpointId === undefined ? {} : { from_checkpoint_id: request.fromCheckpointId }),
    disks: { disk: request.diskIds.map((id) => ({ id })) },
  },
});

/** A start that failed while it was carried out, not when it was checked, is a 400 without words; later it may work. */
const saysNothing = (caught: unknown): boolean =>
  caught instanceof HoldfastError && caught.details["status"] === 400 && caught.details["detail"] === "";

const captureFailed = ({ vmId, captureId }: CaptureRequest, cause: unknown): HoldfastError =>
  new HoldfastError("CAPTURE_FAILED", `the engine failed to start capture ${captureId} of vm ${vmId}`, {
    details: { vmId, captureId },
    cause,
  });

const saysAborted = (caught: unknown): boolean =>
  caught instanceof HoldfastError && /premature backup stop/i.test(String(caught.details["detail"]));

/** Sends a removal; what is not there is removed. */
export const tellUnlessGone = async (client: EngineClient, call: EngineCall, signal: AbortSignal): Promise<void> => {
  try {
    await client.tell({ ...call, repeatable: true }, signal);
  } catch (caught) {
    if (!hasCode(caught, "NOT_FOUND")) throw caught;
  }
};
