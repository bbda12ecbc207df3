import { HoldfastError } from "../errors/holdfast-error.ts";
import type { NbdCommand } from "./protocol.ts";
import { chunkKinds } from "./protocol.ts";
import { errnoName, isErrorChunk, parseErrorChunk, parseStatusChunk, type StatusRun } from "./replies.ts";
import type { SocketReader } from "./socket-reader.ts";

/** What a request is for: its error's code and its words follow from it. */
export interface RequestSubject {
  readonly command: NbdCommand;
  readonly offset: number;
  readonly length: number;
  /** Where a read's bytes go. */
  readonly target?: Uint8Array;
}

/** A request on the wire: collects its replies and settles once. */
export class PendingRequest {
  readonly subject: RequestSubject;
  readonly done: Promise<void>;
  /** Runs of a block status by context id. */
  readonly status = new Map<number, readonly StatusRun[]>();
  readonly #settle: PromiseWithResolvers<void> = Promise.withResolvers();
  #covered = 0;
  #error: HoldfastError | undefined;

  constructor(subject: RequestSubject) {
    this.subject = subject;
    this.done = this.#settle.promise;
    // The caller may come to await it only after the connection failed it.
    this.done.catch(() => undefined);
  }

  /** Takes a simple reply, whose bytes follow it when it answers a read. */
  async takeSimple(errno: number, reader: SocketReader): Promise<void> {
    if (errno !== 0) this.#error = this.#refused(errno, "");
    else if (this.subject.target) await this.#receive(reader, this.subject.target);
    this.finish();
  }

  /** Takes the payload of one chunk from the connection. */
  async takeChunk(kind: number, length: number, reader: SocketReader): Promise<void> {
    if (kind === chunkKinds.offsetData) return this.#takeData(length, reader);
    const payload = await reader.read(length);
    if (isErrorChunk(kind)) {
      const { errno, words } = parseErrorChunk(payload);
      this.#error ??= this.#refused(errno, words);
    } else if (kind === chunkKinds.offsetHole) this.#takeHole(payload);
    else if (kind === chunkKinds.blockStatus) {
      const { contextId, runs } = parseStatusChunk(payload);
      this.status.set(contextId, runs);
    } else if (kind !== chunkKinds.none) throw new HoldfastError("NBD_PROTOCOL", `a reply's chunk of kind ${kind}`);
  }

  /** Settles after the last reply. */
  finish(): void {
    if (this.#error) this.#settle.reject(this.#error);
    else if (this.subject.target && this.#covered !== this.subject.length) {
      const message = `a read of ${this.subject.length} bytes was answered with ${this.#covered}`;
      this.#settle.reject(new HoldfastError("NBD_PROTOCOL", message));
    } else this.#settle.resolve();
  }

  /** Settles because the connection is gone. */
  fail(cause: Error): void {
    const gone = `the connection was lost in a ${this.subject.command} at ${this.subject.offset}`;
    const known = cause instanceof HoldfastError && (cause.code === "NBD_PROTOCOL" || cause.code === "CANCELLED");
    this.#settle.reject(known ? cause : new HoldfastError(codeOf(this.subject.command), gone, { cause }));
  }

  async #takeData(length: number, reader: SocketReader): Promise<void> {
    if (length < 9) throw new HoldfastError("NBD_PROTOCOL", `a data chunk of ${length} bytes`);
    const offset = Number((await reader.read(8)).readBigUInt64BE(0));
    await this.#receive(reader, this.#part(offset, length - 8));
  }

  async #receive(reader: SocketReader, target: Uint8Array): Promise<void> {
    await reader.readInto(target);
    this.#covered += target.length;
  }

  #takeHole(payload: Buffer): void {
    if (payload.length !== 12) throw new HoldfastError("NBD_PROTOCOL", `a hole chunk of ${payload.length} bytes`);
    const part = this.#part(Number(payload.readBigUInt64BE(0)), payload.readUInt32BE(8));
    part.fill(0);
    this.#covered += part.length;
  }

  #part(offset: number, length: number): Uint8Array {
    const start = offset - this.subject.offset;
    const target = this.subject.target;
    if (!target || start < 0 || start + length > target.length) {
      throw new HoldfastError(
        "NBD_PROTOCOL",
        `a reply's chunk at ${offset} of ${length} bytes lies outside its request`,
      );
    }
    return target.subarray(start, start + length);
  }

  #refused(errno: number, words: string): HoldfastError {
    const { command, offset, length } = this.subject;
    const reason = words ? `${errnoName(errno)}, ${words}` : errnoName(errno);
    return new HoldfastError(codeOf(command), `${command} of ${length} bytes at ${offset} failed: ${reason}`, {
      details: { errno: errnoName(errno) },
    });
  }
}

const writing: readonly NbdCommand[] = ["write", "writeZeroes", "trim", "flush"];

const codeOf = (command: NbdCommand): "DISK_READ_FAILED" | "DISK_WRITE_FAILED" =>
  writing.includes(command) ? "DISK_WRITE_FAILED" : "DISK_READ_FAILED";
