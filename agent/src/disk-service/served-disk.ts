import type { Clock } from "@holdfast/shared/clock/clock";
import { StreamSlots } from "@holdfast/shared/rpc/stream-slots";
import { openDiskReader } from "../disks/disk-access.ts";
import type { DiskReader } from "../disks/disk-reader.ts";
import type { OpenDisk } from "../disks/open-disk.ts";

/** A reader on loan from a served disk; disposing it gives its place to the next. */
export interface LentReader extends AsyncDisposable {
  readonly reader: DiskReader;
}

/**
 * A disk that is open for another agent. As many streams read it at once as its ticket allows; while none does, one resting
 * connection keeps the ticket from idling out.
 */
export class ServedDisk implements AsyncDisposable {
  readonly opened: OpenDisk;
  readonly #clock: Clock;
  readonly #slots: StreamSlots;
  #resting: DiskReader | undefined;
  #isClosed = false;

  constructor(opened: OpenDisk, clock: Clock) {
    this.opened = opened;
    this.#clock = clock;
    this.#slots = new StreamSlots(opened.maxReaders);
    this.#rest();
  }

  /** Waits for a place among the readers. */
  async lend(signal: AbortSignal, onPlace: (place: number) => void): Promise<LentReader> {
    const slot = await this.#slots.take(signal, onPlace);
    await this.#wake();
    const reader = openDiskReader(this.opened.access, this.#clock);
    return {
      reader,
      [Symbol.asyncDispose]: async () => {
        await reader[Symbol.asyncDispose]();
        slot[Symbol.dispose]();
        if (this.#slots.taken === 0) this.#rest();
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await this.#wake();
    await this.opened.close(true);
  }

  #rest(): void {
    if (!this.#isClosed) this.#resting ??= openDiskReader(this.opened.access, this.#clock);
  }

  async #wake(): Promise<void> {
    const resting = this.#resting;
    this.#resting = undefined;
    await resting?.[Symbol.asyncDispose]();
  }
}
