import type { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { openDiskReader } from "../disks/disk-access.ts";
import type { DiskReader } from "../disks/disk-reader.ts";
import type { OpenDisk } from "../disks/open-disk.ts";
import { DiskLadder, type LadderDeps } from "./disk-ladder.ts";

/**
 * The disks of one backup: each is opened once and stays open until the end, since a commit may ask for some of it again.
 * While nobody reads a disk, one resting connection keeps its ticket from idling out; it is closed before readers come, for
 * a ticket may allow one connection only.
 */
export class OpenedDisks implements AsyncDisposable {
  readonly #deps: LadderDeps;
  readonly #disks = new Map<string, DiskLadder>();
  readonly #resting = new Map<string, DiskReader>();

  constructor(deps: LadderDeps) {
    this.#deps = deps;
  }

  /** What is known of a disk, open or not. */
  of(diskId: string): Pick<DiskLadder, "progressed" | "routeReason" | "remarks"> {
    return this.#of(diskId);
  }

  /** The disk, opened at the first call, with no resting connection. */
  async use(diskId: string, signal: AbortSignal): Promise<OpenDisk> {
    await this.#wake(diskId);
    return await this.#of(diskId).use(signal);
  }

  /** The disk, opened again after what happened to it, with no connection at all; throws the fault when nothing may help. */
  async mend(diskId: string, fault: HoldfastError, signal: AbortSignal): Promise<OpenDisk> {
    await this.#wake(diskId);
    return await this.#of(diskId).mend(fault, signal);
  }

  /** Nobody reads the disk now. */
  async rest(diskId: string): Promise<void> {
    await this.#wake(diskId);
    const { opened } = this.#of(diskId);
    if (opened !== undefined) this.#resting.set(diskId, openDiskReader(opened.access, this.#deps.clock));
  }

  /** Nobody reads any disk now: the repository is waited for. */
  async restAll(): Promise<void> {
    await Promise.all([...this.#disks.keys()].map((diskId) => this.rest(diskId)));
  }

  /** Gives all disks back; what is known of them stays. */
  async close(succeeded: boolean): Promise<void> {
    await Promise.all([...this.#resting.keys()].map((diskId) => this.#wake(diskId)));
    await Promise.all([...this.#disks.values()].map((disk) => disk.close(succeeded)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close(false);
  }

  #of(diskId: string): DiskLadder {
    const known = this.#disks.get(diskId) ?? new DiskLadder(diskId, this.#deps);
    this.#disks.set(diskId, known);
    return known;
  }

  async #wake(diskId: string): Promise<void> {
    const resting = this.#resting.get(diskId);
    this.#resting.delete(diskId);
    await resting?.[Symbol.asyncDispose]();
  }
}
