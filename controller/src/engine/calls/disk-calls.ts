import { hasCode } from "@holdfast/shared/errors/holdfast-error";

import type { BuildOperations, DiskRequest } from "../../hypervisor/builds.ts";
import type { Disk } from "../../hypervisor/inventory.ts";
import type { EngineClient } from "../engine-client.ts";
import { listPaged } from "../paging.ts";
import { diskRow } from "../rows/disk-rows.ts";
import { tellUnlessGone } from "./capture-calls.ts";

type DiskOperations = Pick<
  BuildOperations,
  "createDisk" | "getDisk" | "removeDisk" | "describeDisk" | "listDisksMarked"
>;

/** Disks of restores. */
export class DiskCalls implements DiskOperations {
  readonly #client: EngineClient;

  constructor(client: EngineClient) {
    this.#client = client;
  }

  async createDisk(request: DiskRequest, signal: AbortSignal): Promise<Disk> {
    const { correlationId } = request;
    try {
      const call = { method: "POST", path: "/disks", body: toBody(request), correlationId, repeatable: true } as const;
      return await this.#client.ask(call, diskRow, signal);
    } catch (caught) {
      if (!hasCode(caught, "ALREADY_EXISTS", "ENGINE_CONFLICT", "ENGINE_FAULT")) throw caught;
      const existing = await this.getDisk(request.diskId, signal);
      if (existing !== undefined) return existing;
      throw caught;
    }
  }

  getDisk(diskId: string, signal: AbortSignal) {
    return this.#client.find({ method: "GET", path: `/disks/${diskId}` }, diskRow, signal);
  }

  removeDisk(diskId: string, signal: AbortSignal) {
    return tellUnlessGone(this.#client, { method: "DELETE", path: `/disks/${diskId}` }, signal);
  }

  async describeDisk(request: Parameters<BuildOperations["describeDisk"]>[0], signal: AbortSignal) {
    const { diskId, vmId, description } = request;
    // Engines edit an attached disk only through its attachment.
    const call =
      vmId === undefined
        ? { path: `/disks/${diskId}`, body: { description } }
        : { path: `/vms/${vmId}/diskattachments/${diskId}`, body: { disk: { description } } };
    await this.#client.tell({ method: "PUT", repeatable: true, ...call }, signal);
  }

  async listDisksMarked(prefix: string, signal: AbortSignal) {
    // Read whole and compared here: what the engine's search makes of a description with slashes is nobody's promise.
    const disks = await listPaged(
      this.#client,
      { path: "/disks", element: "disk", row: diskRow, sortBy: "alias" },
      signal,
    );
    return disks.filter(({ description }) => description.startsWith(prefix));
  }
}

const toBody = (request: DiskRequest) => ({
  id: request.diskId,
  alias: request.alias,
  description: request.description,
  format: request.format,
  sparse: String(request.sparse),
  provisioned_size: String(request.sizeBytes),
  ...(request.initialBytes === undefined ? {} : { initial_size: String(request.initialBytes) }),
  backup: request.incrementalEnabled && request.format === "cow" ? "incremental" : "none",
  wipe_after_delete: String(request.wipeAfterDelete),
  storage_domains: { storage_domain: [{ id: request.storageDomainId }] },
});
