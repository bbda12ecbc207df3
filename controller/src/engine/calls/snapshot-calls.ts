import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";

import type { GuestRequest, SnapshotOperations, SnapshotRequest } from "../../hypervisor/snapshots.ts";
import type { EngineClient } from "../engine-client.ts";
import { snapshotRow } from "../rows/capture-rows.ts";
import { snapshotDiskRow } from "../rows/disk-rows.ts";
import { collection } from "../values.ts";
import { vmNotFound } from "./inventory-calls.ts";

/** Taking snapshots, and freezing guests for them. */
export class SnapshotCalls implements SnapshotOperations {
  readonly #client: EngineClient;

  constructor(client: EngineClient) {
    this.#client = client;
  }

  async createSnapshot(request: SnapshotRequest, signal: AbortSignal) {
    const { vmId, diskIds, description, correlationId } = request;
    const body = {
      description,
      // Engines save the memory, which stops the guest meanwhile, unless they are told otherwise.
      persist_memorystate: "false",
      disk_attachments: { disk_attachment: diskIds.map((id) => ({ disk: { id } })) },
    };
    const call = { method: "POST", path: `/vms/${vmId}/snapshots`, body, correlationId } as const;
    try {
      return await this.#client.ask(call, snapshotRow, signal);
    } catch (caught) {
      throw hasCode(caught, "NOT_FOUND") ? vmNotFound(vmId) : caught;
    }
  }

  async listSnapshotDisks(vmId: string, snapshotId: string, signal: AbortSignal) {
    const path = `/vms/${vmId}/snapshots/${snapshotId}/disks`;
    return (await this.#client.find({ method: "GET", path }, collection("disk", snapshotDiskRow), signal)) ?? [];
  }

  freezeGuest(request: GuestRequest, signal: AbortSignal) {
    return this.#act(request, "freezefilesystems", signal);
  }

  async thawGuest(request: GuestRequest, signal: AbortSignal) {
    try {
      await this.#act(request, "thawfilesystems", signal);
    } catch (caught) {
      if (!isNotRunning(caught)) throw caught;
    }
  }

  /** A guest that is frozen refuses to be frozen again, which would read as one that cannot be; thawing may be said twice. */
  #act({ vmId, correlationId }: GuestRequest, action: keyof typeof isRepeatable, signal: AbortSignal): Promise<void> {
    const path = `/vms/${vmId}/${action}`;
    const repeatable = isRepeatable[action];
    return this.#client.tell({ method: "POST", path, correlationId, body: {}, repeatable }, signal);
  }
}

const isRepeatable = { freezefilesystems: false, thawfilesystems: true } as const;

/** A guest that does not run holds nothing still. */
const isNotRunning = (caught: unknown): boolean =>
  hasCode(caught, "NOT_FOUND") ||
  (caught instanceof HoldfastError && /not running/i.test(String(caught.details["detail"])));
