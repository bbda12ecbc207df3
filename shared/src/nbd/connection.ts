import { HoldfastError } from "../errors/holdfast-error.ts";
import { type ChooseContexts, type NbdExport, openExport } from "./handshake.ts";
import type { NbdAddress } from "./nbd-address.ts";
import { PendingRequest, type RequestSubject } from "./pending-request.ts";
import { commandFlags, encodeRequest, exportFlags, maxRangeBytes, type NbdCommand } from "./protocol.ts";
import { readReplyHead, type StatusRun } from "./replies.ts";
import { SocketReader } from "./socket-reader.ts";

/** How a connection is opened. */
export interface NbdOptions {
  /** Picks meta contexts for block status from those offered, such as `base:allocation`; without it none is negotiated. */
  readonly contexts?: ChooseContexts;
  /** Ends the connection, in the handshake or later: requests under way fail with CANCELLED. */
  readonly signal?: AbortSignal;
}

/** How bytes are written. */
export interface WriteOptions {
  /** Answers only when the bytes are on stable storage. */
  readonly fua?: boolean;
  /** Zeroes are to be allocated rather than punched out. */
  readonly noHole?: boolean;
}

/** Requests on the wire at once, as many as QEMU takes from a connection; more wait their turn. */
const maxInFlight = 16;

/**
 * Connects to an export and opens it. UNAVAILABLE when nobody listens, NOT_FOUND for an export that is not there,
 * NBD_PROTOCOL for a server outside the protocol.
 */
export const openNbd = async (address: NbdAddress, options: NbdOptions = {}): Promise<NbdConnection> => {
  options.signal?.throwIfAborted();
  const reader = new SocketReader(address.socketPath);
  const abort = (): void => {
    reader.fail(new HoldfastError("CANCELLED", "the NBD connection was cancelled", { cause: options.signal?.reason }));
  };
  options.signal?.addEventListener("abort", abort, { once: true });
  reader.socket.once("close", () => options.signal?.removeEventListener("abort", abort));
  try {
    return new NbdConnection(reader, await openExport(reader, address.exportName, options.contexts));
  } catch (caught) {
    reader.socket.destroy();
    if (caught instanceof HoldfastError) throw caught;
    throw new HoldfastError("UNAVAILABLE", `no NBD server answers at ${address.socketPath}`, { cause: caught });
  }
};

/**
 * An open export. Requests may overlap; each goes on the wire at once, up to sixteen. A lost connection fails every request
 * under way and every later one; it is never re-opened.
 */
export class NbdConnection implements AsyncDisposable {
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  /** The negotiated meta contexts. */
  readonly contexts: readonly string[];
  readonly #reader: SocketReader;
  readonly #export: NbdExport;
  readonly #pending = new Map<number, PendingRequest>();
  readonly #waiting: (() => void)[] = [];
  #cookies = 0;
  #slots = maxInFlight;

  /** Takes over a connection whose export is open; see `openNbd`. */
  constructor(reader: SocketReader, opened: NbdExport) {
    this.#reader = reader;
    this.#export = opened;
    this.sizeBytes = opened.sizeBytes;
    this.readOnly = (opened.flags & exportFlags.readOnly) !== 0;
    this.contexts = [...opened.contexts.values()];
    reader.socket.on("close", () => {
      this.#failAll(reader.failure ?? new HoldfastError("UNAVAILABLE", "the NBD connection is closed"));
    });
    void this.#receive();
  }

  /** Fills `target` with the bytes at `offset`. After a failure the target's contents are undefined. */
  async read(target: Uint8Array, offset: number): Promise<void> {
    const step = this.#export.maximumPayloadBytes;
    await all(split(offset, target.length, step), ([at, length]) => {
      const part = target.subarray(at - offset, at - offset + length);
      return this.#request({ command: "read", offset: at, length, target: part });
    });
  }

  /** Writes all of `source`, which must not change before this resolves. */
  async write(source: Uint8Array, offset: number, options: WriteOptions = {}): Promise<void> {
    const step = this.#export.maximumPayloadBytes;
    await all(split(offset, source.length, step), ([at, length]) => {
      const payload = source.subarray(at - offset, at - offset + length);
      return this.#request({ command: "write", offset: at, length }, { flags: toFlags(options), payload });
    });
  }

  /** Makes a range read as zeroes; a hole, unless `noHole`. */
  async writeZeroes(offset: number, length: number, options: WriteOptions = {}): Promise<void> {
    this.#demand(exportFlags.writeZeroes, "writing zeroes");
    await this.#ranges("writeZeroes", offset, length, toFlags(options));
  }

  /** Discards a range; what it reads as afterwards is the server's choice. */
  async trim(offset: number, length: number): Promise<void> {
    this.#demand(exportFlags.trim, "discarding");
    await this.#ranges("trim", offset, length, 0);
  }

  /** Resolves when all that was answered before is on stable storage; at once for a server without a cache to flush. */
  async flush(): Promise<void> {
    if ((this.#export.flags & exportFlags.flush) !== 0) await this.#request({ command: "flush", offset: 0, length: 0 });
  }

  /**
   * One question of block status from `offset` on: runs by context name. A server may answer for less than was asked, each
   * context for another length, and for more at the end: see `walkExtents`.
   */
  async blockStatus(offset: number, length: number): Promise<ReadonlyMap<string, readonly StatusRun[]>> {
    if (this.contexts.length === 0) throw new HoldfastError("FAILED_PRECONDITION", "no meta context was negotiated");
    const request = await this.#request({ command: "blockStatus", offset, length: Math.min(length, maxRangeBytes) });
    const answer = new Map<string, readonly StatusRun[]>();
    for (const [id, name] of this.#export.contexts) {
      const runs = request.status.get(id);
      if (!runs) throw new HoldfastError("NBD_PROTOCOL", `the block status lacks the context ${name}`);
      answer.set(name, runs);
    }
    return answer;
  }

  /** Closes the connection: in order when nothing is under way, else by cutting it. */
  async [Symbol.asyncDispose](): Promise<void> {
    const socket = this.#reader.socket;
    if (socket.closed) return;
    const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    if (this.#pending.size === 0 && !socket.destroyed) {
      socket.write(encodeRequest({ command: "disconnect", cookie: 0, offset: 0, length: 0 }));
      socket.destroySoon();
    } else socket.destroy();
    await closed;
  }

  #demand(flag: number, what: string): void {
    if ((this.#export.flags & flag) === 0)
      throw new HoldfastError("FAILED_PRECONDITION", `the export does not offer ${what}`);
  }

  async #ranges(command: NbdCommand, offset: number, length: number, flags: number): Promise<void> {
    await all(split(offset, length, maxRangeBytes), ([at, size]) =>
      this.#request({ command, offset: at, length: size }, { flags }),
    );
  }

  async #request(
    subject: RequestSubject,
    parts: { readonly flags?: number; readonly payload?: Uint8Array } = {},
  ): Promise<PendingRequest> {
    await this.#takeSlot();
    try {
      const request = new PendingRequest(subject);
      if (this.#reader.failure) request.fail(this.#reader.failure);
      else this.#send(request, parts);
      await request.done;
      return request;
    } finally {
      this.#slots += 1;
      this.#waiting.shift()?.();
    }
  }

  async #takeSlot(): Promise<void> {
    while (this.#slots === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#slots -= 1;
  }

  #send(request: PendingRequest, parts: { readonly flags?: number; readonly payload?: Uint8Array }): void {
    this.#cookies += 1;
    const { command, offset, length } = request.subject;
    const socket = this.#reader.socket;
    this.#pending.set(this.#cookies, request);
    socket.write(encodeRequest({ command, flags: parts.flags ?? 0, cookie: this.#cookies, offset, length }));
    if (parts.payload) socket.write(parts.payload);
  }

  async #receive(): Promise<void> {
    try {
      for (;;) await this.#receiveOne();
    } catch (caught) {
      this.#reader.fail(caught instanceof Error ? caught : new Error(String(caught)));
    }
  }

  async #receiveOne(): Promise<void> {
    const head = await readReplyHead(this.#reader);
    const request = this.#pending.get(head.cookie);
    if (!request) throw new HoldfastError("NBD_PROTOCOL", `a reply to a request that was never made (${head.cookie})`);
    if (head.form === "simple") {
      this.#pending.delete(head.cookie);
      await this.#settling(request, () => request.takeSimple(head.errno, this.#reader));
      return;
    }
    await this.#settling(request, () => request.takeChunk(head.kind, head.length, this.#reader));
    if (!head.last) return;
    this.#pending.delete(head.cookie);
    request.finish();
  }

  /** A request whose reply breaks off fails with the connection, though it may no longer be among the pending. */
  async #settling(request: PendingRequest, take: () => Promise<void>): Promise<void> {
    try {
      await take();
    } catch (caught) {
      request.fail(caught instanceof Error ? caught : new Error(String(caught)));
      throw caught;
    }
  }

  #failAll(cause: Error): void {
    const requests = [...this.#pending.values()];
    this.#pending.clear();
    for (const request of requests) request.fail(cause);
  }
}

const toFlags = (options: WriteOptions): number =>
  (options.fua ? commandFlags.fua : 0) | (options.noHole ? commandFlags.noHole : 0);

function* split(offset: number, length: number, step: number): Generator<readonly [number, number]> {
  for (let done = 0; done < length; done += step) yield [offset + done, Math.min(step, length - done)];
}

/** Runs all parts and waits for every one before the first failure is thrown: none may touch a buffer afterwards. */
const all = async <T>(parts: Iterable<T>, run: (part: T) => Promise<unknown>): Promise<void> => {
  const outcomes = await Promise.allSettled([...parts].map(run));
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
};
