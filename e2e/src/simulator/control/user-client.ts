import { systemClock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";

import type { DiskFormat } from "../model/disk.ts";
import { callControl } from "./call-control.ts";

/** The part of the control endpoint that is a user at work on VMs. Each call resolves when the engine is done with it. */
export class UserClient {
  readonly #origin: string;

  constructor(origin: string) {
    this.#origin = origin;
  }

  /** Takes a snapshot of all disks; answers its id. */
  async takeSnapshot(vmId: string, description: string): Promise<string> {
    const { id } = (await callControl(this.#origin, "POST", `/vms/${vmId}/snapshots`, { description })) as {
      id: string;
    };
    await this.#untilIdle(vmId);
    return id;
  }

  /** Merges a snapshot away. */
  async deleteSnapshot(vmId: string, snapshotId: string): Promise<void> {
    await callControl(this.#origin, "DELETE", `/vms/${vmId}/snapshots/${snapshotId}`);
    await this.#untilIdle(vmId);
  }

  /** Shows a VM that is down as it was at a snapshot, until that is committed or undone. */
  async preview(vmId: string, snapshotId: string): Promise<void> {
    await this.#act(vmId, `/vms/${vmId}/snapshots/${snapshotId}/preview`);
  }

  async undoPreview(vmId: string): Promise<void> {
    await this.#act(vmId, `/vms/${vmId}/undo-snapshot`);
  }

  async commitPreview(vmId: string): Promise<void> {
    await this.#act(vmId, `/vms/${vmId}/commit-snapshot`);
  }

  /** Preview and commit in one. */
  async restoreSnapshot(vmId: string, snapshotId: string): Promise<void> {
    await this.#act(vmId, `/vms/${vmId}/snapshots/${snapshotId}/restore`);
  }

  /** Turns a disk of a VM that is down into the other format. */
  async convertDisk(vmId: string, diskId: string, format: DiskFormat): Promise<void> {
    await this.#act(vmId, `/disks/${diskId}/convert`, { format });
  }

  /** Deletes a checkpoint, whoever made it. */
  async deleteCheckpoint(vmId: string, checkpointId: string): Promise<void> {
    await callControl(this.#origin, "DELETE", `/vms/${vmId}/checkpoints/${checkpointId}`);
    await this.#untilIdle(vmId);
  }

  async #act(vmId: string, path: string, body: unknown = {}): Promise<void> {
    await callControl(this.#origin, "POST", path, body);
    await this.#untilIdle(vmId);
  }

  async #untilIdle(vmId: string): Promise<void> {
    let last: readonly string[] = [];
    for (let tries = 0; tries < 3_000; tries += 1) {
      ({ work: last } = (await callControl(this.#origin, "GET", `/vms/${vmId}/work`)) as { work: readonly string[] });
      if (last.length === 0) return;
      await systemClock.sleep(10);
    }
    throw new HoldfastError("TIMEOUT", `VM ${vmId} is still worked on: ${last.join(", ")}`);
  }
}
