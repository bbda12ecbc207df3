import { systemClock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { z } from "zod";

import type { diskSchema, vmSchema } from "../config/schema.ts";
import type { callFaultSchema } from "../faults/call-faults.ts";
import type { WriterLog } from "../guest/guest-writers.ts";
import type { Host } from "../model/inventory.ts";
import type { VmHistory } from "../model/vm-history.ts";
import type { imageioFaultSchema, settingsSchema, someDelaysSchema, writerSchema } from "./control-schemas.ts";
import { callControl } from "./call-control.ts";
import type { Leftovers, Made } from "./objects.ts";
import type { domainChangeSchema } from "./place-routes.ts";
import { HindranceClient } from "./hindrance-client.ts";
import { RuleClient } from "./rule-client.ts";
import { UserClient } from "./user-client.ts";
import { WorkerClient } from "./worker-client.ts";
import type { GuestDisk, LabCounters } from "./lab-views.ts";

/** A VM as the lab sees it. */
export interface LabVm {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly disks: readonly {
    readonly id: string;
    readonly alias: string;
    readonly sizeBytes: number;
    readonly format: "cow" | "raw";
    readonly imageId: string;
  }[];
  /** Other than the active one. */
  readonly snapshots: readonly (Made & { readonly byBackup: boolean })[];
}

/** The control endpoint of one simulator, for tests, stories and the demo. Its types are those of the same source tree. */
export class ControlClient {
  /** Rules by which calls of the engine and of imageio go wrong. */
  readonly rules: RuleClient;
  /** What stands in the way of backups, and the engine's log. */
  readonly hindrances: HindranceClient;
  /** A user at work on snapshots, formats and checkpoints. */
  readonly user: UserClient;
  /** What runs in guests of the lab's own, such as workers, and how their starts and stops go wrong. */
  readonly workers: WorkerClient;
  readonly #origin: string;

  /** `origin` is the `control` of the ready line, such as `http://127.0.0.1:40001`. */
  constructor(origin: string) {
    this.#origin = origin;
    this.rules = new RuleClient(origin);
    this.hindrances = new HindranceClient(origin);
    this.user = new UserClient(origin);
    this.workers = new WorkerClient(origin);
  }

  async listVms(): Promise<readonly LabVm[]> {
    return (await this.#get("/vms")) as LabVm[];
  }

  async getVm(vmId: string): Promise<LabVm> {
    return (await this.#get(`/vms/${vmId}`)) as LabVm;
  }

  /** Makes a VM of the user's, with its disks; resolves when it is complete (and up, if it is to be). */
  async addVm(vm: z.input<typeof vmSchema>): Promise<LabVm> {
    return (await this.#post("/vms", vm)) as LabVm;
  }

  async removeVm(vmId: string): Promise<void> {
    await this.#delete(`/vms/${vmId}`);
  }

  /** Makes a disk and attaches it; answers its id. */
  async addDisk(vmId: string, disk: z.input<typeof diskSchema>): Promise<string> {
    return ((await this.#post(`/vms/${vmId}/disks`, disk)) as { id: string }).id;
  }

  async removeDisk(vmId: string, diskId: string): Promise<void> {
    await this.#delete(`/vms/${vmId}/disks/${diskId}`);
  }

  async growDisk(diskId: string, sizeBytes: number): Promise<void> {
    await this.#post(`/disks/${diskId}/grow`, { sizeBytes });
  }

  /** Copies what a disk reads as, of a VM that is down or a floating one, into a raw file. */
  async copyDisk(diskId: string, path: string): Promise<void> {
    await this.#post(`/disks/${diskId}/copy`, { path });
  }

  /** Starts a VM and resolves when it is up. */
  async startVm(vmId: string): Promise<void> {
    await this.#post(`/vms/${vmId}/start`);
    await this.#until(vmId, "up");
  }

  /** Powers a VM off, a backup or not, and resolves when it is down. */
  async stopVm(vmId: string): Promise<void> {
    await this.#post(`/vms/${vmId}/stop`);
    await this.#until(vmId, "down");
  }

  /** Cuts the power: what QEMU tracked is lost. */
  async crashVm(vmId: string): Promise<void> {
    await this.#post(`/vms/${vmId}/crash`);
  }

  async setVm(vmId: string, settings: z.input<typeof settingsSchema>): Promise<void> {
    await this.#post(`/vms/${vmId}/settings`, settings);
  }

  /** Takes a snapshot of the user's; it is `locked` at first. */
  async addSnapshot(vmId: string, description: string): Promise<string> {
    return ((await this.#post(`/vms/${vmId}/snapshots`, { description })) as { id: string }).id;
  }

  async removeSnapshot(vmId: string, snapshotId: string): Promise<void> {
    await this.#delete(`/vms/${vmId}/snapshots/${snapshotId}`);
  }

  async guestDisks(vmId: string): Promise<readonly GuestDisk[]> {
    return (await this.#get(`/vms/${vmId}/guest`)) as GuestDisk[];
  }

  /** Lets the guest of a running VM write at random until `stopWriter`. */
  async startWriter(vmId: string, writer: z.input<typeof writerSchema>): Promise<void> {
    await this.#post(`/vms/${vmId}/writers`, writer);
  }

  async readWriter(vmId: string): Promise<readonly WriterLog[]> {
    return (await this.#get(`/vms/${vmId}/writers`)) as WriterLog[];
  }

  async stopWriter(vmId: string): Promise<readonly WriterLog[]> {
    return (await this.#delete(`/vms/${vmId}/writers`)) as WriterLog[];
  }

  /** Copies the disks of the VM's next backup to `<directory>/<disk id>.raw`, before any client is shown `ready`. */
  async copyAtReady(vmId: string, directory: string): Promise<void> {
    await this.#post(`/vms/${vmId}/copy-at-ready`, { directory });
  }

  /**
   * Copies the disks of every backup from now on, to `<directory>/<id of its checkpoint, or its own without one>/<disk id>.raw`, and of
   * every snapshot of a client, to a folder named by its description, percent-encoded.
   */
  async copyEveryReady(vmId: string, directory: string): Promise<void> {
    await this.#post(`/vms/${vmId}/copy-every-ready`, { directory });
  }

  /** Copies the disks of a backup that is ready now. */
  async copyBackup(backupId: string, directory: string): Promise<void> {
    await this.#post(`/backups/${backupId}/copy`, { directory });
  }

  /** The VM's next capture fails after its call was answered. */
  async failCapture(vmId: string): Promise<void> {
    await this.#post(`/vms/${vmId}/fail-capture`);
  }

  /** The VM's next hybrid backup leaves its snapshot behind. */
  async leaveSnapshot(vmId: string): Promise<void> {
    await this.#post(`/vms/${vmId}/leave-snapshot`);
  }

  async spoilCheckpoint(
    vmId: string,
    checkpointId: string,
    damage: "missing" | "inconsistent" | "forgetful" | "invalid",
  ): Promise<void> {
    await this.#post(`/vms/${vmId}/checkpoints/${checkpointId}/spoil`, { damage });
  }

  /** The next upload to the disk does not pass the check at its end: the disk is removed. */
  async failUpload(diskId: string): Promise<void> {
    await this.#post(`/disks/${diskId}/fail-upload`);
  }

  async armFault(fault: z.input<typeof callFaultSchema>): Promise<void> {
    await this.#post("/faults", fault);
  }

  async armImageioFault(fault: z.input<typeof imageioFaultSchema>): Promise<void> {
    await this.#post("/imageio-faults", fault);
  }

  /** Takes back the faults of imageio alone: rules, and faults of calls, stay. */
  async clearImageioFaults(): Promise<void> {
    await this.#delete("/imageio-faults");
  }

  /** Takes back every rule, and every fault of calls and of imageio. */
  async clearFaults(): Promise<void> {
    await this.rules.clear();
    await this.#delete("/faults");
    await this.clearImageioFaults();
  }

  async leftovers(): Promise<Leftovers> {
    return (await this.#get("/leftovers")) as Leftovers;
  }

  async counters(): Promise<LabCounters> {
    return (await this.#get("/counters")) as LabCounters;
  }

  async resetCounters(): Promise<void> {
    await this.#post("/counters/reset");
  }

  /** Wrong passwords in a row by login. */
  async accounts(): Promise<Readonly<Record<string, { readonly wrong: number; readonly locked: boolean }>>> {
    return (await this.#get("/accounts")) as Record<string, { wrong: number; locked: boolean }>;
  }

  async unlockAccount(login: string): Promise<void> {
    await this.#post("/accounts/unlock", { login });
  }

  /** Changes a password until the simulator ends; tokens stay. */
  async setPassword(login: string, password: string): Promise<void> {
    await this.#post("/accounts/password", { login, password });
  }

  /** Forgets all tokens, as an engine's restart does. */
  async expireTokens(): Promise<void> {
    await this.#post("/tokens/expire");
  }

  async setHostStatus(hostId: string, status: Host["status"]): Promise<void> {
    await this.#post(`/hosts/${hostId}/status`, { status });
  }

  /** What becomes of every ticket that a host's imageio has: `lost` as at its restart, `expired` until the engine extends it. */
  async spoilTickets(host: string, become: "lost" | "expired"): Promise<void> {
    await this.#post(`/hosts/${host}/tickets`, { become });
  }

  /** Puts a storage domain, by id or name, into a status, or leaves so much of its space. */
  async setStorageDomain(domain: string, change: z.input<typeof domainChangeSchema>): Promise<void> {
    await this.#post(`/storage-domains/${domain}`, change);
  }

  /** Every status that a VM took, with its time; of a VM that is gone too, which ends with `removed`. */
  async vmHistory(vmId: string): Promise<VmHistory> {
    return (await this.#get(`/vm-histories/${vmId}`)) as VmHistory;
  }

  /** The histories of all VMs that there ever were, in the order in which they came. */
  async vmHistories(): Promise<readonly VmHistory[]> {
    return (await this.#get("/vm-histories")) as VmHistory[];
  }

  /** Changes how long things take, until the simulator ends; waits that have begun keep their length. */
  async setDelays(delays: z.input<typeof someDelaysSchema>): Promise<void> {
    await this.#post("/delays", delays);
  }

  /** What the VMs on a host may have together from now on; null for no bound. */
  async setHostMemory(hostId: string, memoryBytes: number | null): Promise<void> {
    await this.#post(`/hosts/${hostId}/capacity`, { memoryBytes });
  }

  async #until(vmId: string, status: string): Promise<void> {
    for (let tries = 0; tries < 3_000; tries += 1) {
      if ((await this.getVm(vmId)).status === status) return;
      await systemClock.sleep(10);
    }
    throw new HoldfastError("TIMEOUT", `VM ${vmId} did not become ${status}`);
  }

  async #get(path: string): Promise<unknown> {
    return callControl(this.#origin, "GET", path);
  }

  async #post(path: string, body: unknown = {}): Promise<unknown> {
    return callControl(this.#origin, "POST", path, body);
  }

  async #delete(path: string): Promise<unknown> {
    return callControl(this.#origin, "DELETE", path);
  }
}
