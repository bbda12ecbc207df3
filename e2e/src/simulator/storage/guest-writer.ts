import type { Clock } from "@holdfast/shared/clock/clock";
import { hasCode } from "@holdfast/shared/errors/holdfast-error";
import { type NbdConnection, openNbd } from "@holdfast/shared/nbd/connection";
import type { NbdAddress } from "@holdfast/shared/nbd/nbd-address";
import { SeededRandom } from "./seeded-random.ts";

/** What a guest does to its disk. */
export type GuestWriteKind = "content" | "zero" | "discard";

/** One write of the guest, with its place among the marks and the other writes of the same log. */
export interface GuestWrite {
  readonly kind: GuestWriteKind;
  readonly offset: number;
  readonly length: number;
  /** Counts up with every beginning, end and mark: a write lies wholly after a mark when it began after it. */
  readonly beganAt: number;
  readonly endedAt: number;
}

export interface GuestWriterOptions {
  /** Asked at every (re-)connection: a restarted VM has another. */
  readonly address: () => NbdAddress;
  readonly seed: number;
  readonly clock: Clock;
  /** Waits this long between writes; a few milliseconds leave the machine to others. */
  readonly pauseMs: number;
  /** Keeps to this part of the disk. */
  readonly range?: { readonly offset: number; readonly length: number };
  /** Longest write, 1 MiB unless told; the shortest is 4 KiB. */
  readonly maxLengthBytes?: number;
}

const alignment = 4096;
const patternBytes = 2 * 1024 * 1024;

/** A guest that writes random things to random places of one disk and logs what it did. One write at a time. */
export class GuestWriter implements AsyncDisposable {
  readonly #options: GuestWriterOptions;
  readonly #random: SeededRandom;
  readonly #pattern = Buffer.alloc(patternBytes);
  readonly #writes: GuestWrite[] = [];
  #connection: NbdConnection | undefined;
  #moment = 0;

  constructor(options: GuestWriterOptions) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed);
    this.#random.fill(this.#pattern);
  }

  /** All writes that were answered, in order. */
  get writes(): readonly GuestWrite[] {
    return this.#writes;
  }

  /** A moment of the log, such as that of a capture being ready. */
  mark(): number {
    this.#moment += 1;
    return this.#moment;
  }

  /** The writes that began after a mark. */
  writesAfter(mark: number): readonly GuestWrite[] {
    return this.#writes.filter(({ beganAt }) => beganAt > mark);
  }

  /** Writes until the signal; a cut connection is opened again, the write is repeated, and both stand for one. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.step();
      await this.#options.clock.sleep(this.#options.pauseMs, signal).catch((caught: unknown) => {
        if (!signal.aborted) throw caught;
      });
    }
  }

  /** One random write. */
  async step(): Promise<GuestWrite> {
    const connection = await this.#connected();
    const place = this.#place(connection.sizeBytes);
    const kind = (["content", "content", "zero", "discard"] as const)[this.#random.below(4)] ?? "content";
    const from = this.#random.below(patternBytes - place.length);
    const beganAt = this.mark();
    await this.#repeating((disk) =>
      apply(disk, kind, { ...place, bytes: this.#pattern.subarray(from, from + place.length) }),
    );
    const write: GuestWrite = { kind, ...place, beganAt, endedAt: this.mark() };
    this.#writes.push(write);
    return write;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection?.[Symbol.asyncDispose]();
  }

  #place(sizeBytes: number): { readonly offset: number; readonly length: number } {
    const range = this.#options.range ?? { offset: 0, length: sizeBytes };
    const blocks = Math.max(1, Math.floor(Math.min(range.length, sizeBytes - range.offset) / alignment));
    const most = Math.min(blocks, Math.floor((this.#options.maxLengthBytes ?? 1024 * 1024) / alignment));
    const length = 1 + this.#random.below(most);
    return { offset: range.offset + this.#random.below(blocks - length + 1) * alignment, length: length * alignment };
  }

  async #repeating(work: (disk: NbdConnection) => Promise<void>): Promise<void> {
    try {
      await work(await this.#connected());
    } catch (caught) {
      if (!hasCode(caught, "DISK_WRITE_FAILED")) throw caught;
      await this.#connection?.[Symbol.asyncDispose]();
      this.#connection = undefined;
      await work(await this.#connected());
    }
  }

  async #connected(): Promise<NbdConnection> {
    this.#connection ??= await openNbd(this.#options.address());
    return this.#connection;
  }
}

const apply = async (
  disk: NbdConnection,
  kind: GuestWriteKind,
  write: { readonly offset: number; readonly length: number; readonly bytes: Uint8Array },
): Promise<void> => {
  if (kind === "content") await disk.write(write.bytes, write.offset);
  else if (kind === "zero") await disk.writeZeroes(write.offset, write.length);
  else await disk.trim(write.offset, write.length);
};
