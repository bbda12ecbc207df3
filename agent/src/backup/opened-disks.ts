import type { Clock } from "@holdfast/shared/clock/clock";
import { openDiskReader } from "../disks/disk-access.ts";
import type { DiskReader } from "../disks/disk-reader.ts";
import type { OpenDisk } from "../disks/open-disk.ts";

/** Opens a disk by asking the controller for it. */
export type OpenDiskById = (diskId: string, signal: AbortSignal) => Promise<OpenDisk>;

/**
 * The disks of one backup: each is opened once and stays open until the end, since a commit may ask for some of it again.
 * While nobody reads a disk, one resting connection keeps its ticket from idling out; it is closed before readers come, for
 * a ticket may allow one connection only.
 */
export class OpenedDisks implements AsyncDisposable {
  readonly #openById: OpenDiskById;
  readonly #clock: Clock;
  readonly #disks = new Map<string, OpenDisk>();
  readonly #resting = new Map<string, DiskReader>();

  constructor(openById: OpenDiskById, clock: Clock) {
    this.#openById = openById;
    this.#clock = clock;
  }

  /** The disk, opened at the first call, with no resting connection. */
  async use(diskId: string, signal: AbortSignal): Promise<OpenDisk> {
    await this.#wake(diskId);
    const opened = this.#disks.get(diskId) ?? (await this.#openById(diskId, signal));
    this.#disks.set(diskId, opened);
    return opened;
  }

  /** Nobody reads the disk now. */
  async rest(diskId: string): Promise<void> {
    await this.#wake(diskId);
    const opened = this.#disks.get(diskId);
    if (opened !== undefined) this.#resting.set(diskId, openDiskReader(opened.access, this.#clock));
  }

  /** Gives all disks back. */
  async close(succeeded: boolean): Promise<void> {
    await Promise.all([...this.#resting.keys()].map((diskId) => this.#wake(diskId)));
    await Promise.all([...this.#disks.values()].map((disk) => disk.close(succeeded)));
    this.#disks.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close(false);
  }

  async #wake(diskId: string): Promise<void> {
    const resting = this.#resting.get(diskId);
    this.#resting.delete(diskId);
    await resting?.[Symbol.asyncDispose]();
  }
}
