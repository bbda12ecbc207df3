import { connect, type Socket } from "node:net";
import { HoldfastError } from "../errors/holdfast-error.ts";

const bufferBytes = 256 * 1024;

interface Demand {
  readonly target: Uint8Array;
  filled: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A unix socket read by exact amounts, one at a time, through one fixed buffer: what nobody asked for yet stays in the kernel.
 * Once it failed or closed, every read fails with the same error.
 */
export class SocketReader {
  readonly socket: Socket;
  #demand: Demand | undefined;
  #left: Uint8Array = new Uint8Array(0);
  #failure: Error | undefined;

  constructor(path: string) {
    const buffer = Buffer.allocUnsafeSlow(bufferBytes);
    const callback = (size: number): boolean => this.#take(buffer.subarray(0, size));
    this.socket = connect({ path, onread: { buffer, callback } });
    this.socket.on("error", (error) => {
      this.fail(error);
    });
    this.socket.on("end", () => {
      this.fail(new HoldfastError("UNAVAILABLE", "the NBD server closed the connection"));
    });
    this.socket.on("close", () => {
      this.fail(new HoldfastError("UNAVAILABLE", "the connection to the NBD server is closed"));
    });
  }

  /** Why nothing can be read any more. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Ends reading with this error and closes the socket; the first error stays. */
  fail(error: Error): void {
    this.#failure ??= error;
    this.socket.destroy();
    const demand = this.#demand;
    this.#demand = undefined;
    demand?.reject(this.#failure);
  }

  /** Fills `target`. */
  async readInto(target: Uint8Array): Promise<void> {
    if (this.#failure) throw this.#failure;
    const size = Math.min(target.length, this.#left.length);
    target.set(this.#left.subarray(0, size));
    this.#left = this.#left.subarray(size);
    if (size === target.length) return;
    await new Promise<void>((resolve, reject) => {
      this.#demand = { target, filled: size, resolve, reject };
      this.socket.resume();
    });
  }

  /** The next `size` bytes in memory of their own. */
  async read(size: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(size);
    await this.readInto(bytes);
    return bytes;
  }

  /** Takes what arrived; false stops reading, so that the buffer holds what is left until it is used up. */
  #take(bytes: Uint8Array): boolean {
    const demand = this.#demand;
    if (!demand) {
      this.#left = bytes;
      return false;
    }
    const size = Math.min(demand.target.length - demand.filled, bytes.length);
    demand.target.set(bytes.subarray(0, size), demand.filled);
    demand.filled += size;
    this.#left = bytes.subarray(size);
    if (demand.filled === demand.target.length) {
      this.#demand = undefined;
      demand.resolve();
    }
    return this.#left.length === 0;
  }
}
