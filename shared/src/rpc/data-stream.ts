import { HoldfastError } from "../errors/holdfast-error.ts";
import { onAbort } from "../lifecycle/abort.ts";

interface Taker {
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * The sender's side of a granted stream (R7): bytes granted minus bytes sent. Nothing is sent that was not granted; takers
 * are served in the order in which they came.
 */
export class GrantWindow {
  readonly #takers: Taker[] = [];
  #availableBytes = 0;
  #closed: { readonly reason: unknown } | undefined;

  /** Bytes that may be sent now. */
  get availableBytes(): number {
    return this.#availableBytes;
  }

  /** Adds what the receiver granted; STREAM_REFUSED for a grant that is no positive number of bytes. */
  grant(bytes: number): void {
    if (!Number.isSafeInteger(bytes) || bytes <= 0) {
      throw new HoldfastError("STREAM_REFUSED", `not a grant of bytes: ${bytes}`, { details: { bytes } });
    }
    this.#availableBytes += bytes;
    this.#serve();
  }

  /** Resolves when `bytes` may be sent and counts them as sent; rejects with the signal's or the closing's reason. */
  take(bytes: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== undefined) {
        reject(this.#closed.reason);
        return;
      }
      let isOver = false;
      const taker: Taker = {
        bytes,
        resolve: () => {
          unlink();
          resolve();
        },
        reject: (reason) => {
          unlink();
          reject(reason);
        },
      };
      const unlink = onAbort(signal, (reason) => {
        isOver = true;
        reject(reason);
        this.#forget(taker);
      });
      if (isOver) return;
      this.#takers.push(taker);
      this.#serve();
    });
  }

  /** Ends every wait, now and later, with `reason`: the stream is over. */
  close(reason: unknown): void {
    this.#closed ??= { reason };
    for (const taker of this.#takers.splice(0)) taker.reject(reason);
  }

  #forget(taker: Taker): void {
    const index = this.#takers.indexOf(taker);
    if (index < 0) return;
    this.#takers.splice(index, 1);
    this.#serve();
  }

  #serve(): void {
    for (
      let first = this.#takers[0];
      first !== undefined && first.bytes <= this.#availableBytes;
      first = this.#takers[0]
    ) {
      this.#takers.shift();
      this.#availableBytes -= first.bytes;
      first.resolve();
    }
  }
}

/**
 * The receiver's side: at most `windowBytes` are granted and not yet done with, so that is all that a stream can make the
 * receiver hold. Grants are given in steps of a quarter of the window, not one per record.
 * A sender that takes more than three quarters of the window at once could wait for ever.
 */
export class GrantLedger {
  readonly windowBytes: number;
  #grantedBytes = 0;
  #receivedBytes = 0;
  #releasedBytes = 0;

  constructor(windowBytes: number) {
    this.windowBytes = windowBytes;
  }

  /** Bytes received and not yet released. */
  get heldBytes(): number {
    return this.#receivedBytes - this.#releasedBytes;
  }

  /** Counts what arrived; STREAM_REFUSED when the sender went past what it was granted. */
  received(bytes: number): void {
    this.#receivedBytes += bytes;
    if (this.#receivedBytes <= this.#grantedBytes) return;
    throw new HoldfastError("STREAM_REFUSED", "more bytes arrived than were granted", {
      details: { receivedBytes: this.#receivedBytes, grantedBytes: this.#grantedBytes },
    });
  }

  /** Counts what the receiver is done with. */
  released(bytes: number): void {
    this.#releasedBytes += bytes;
  }

  /** Bytes to grant now, counted as granted; 0 while too little is free to be worth a message. */
  due(): number {
    const free = this.windowBytes - (this.#grantedBytes - this.#releasedBytes);
    if (free < this.windowBytes / 4) return 0;
    this.#grantedBytes += free;
    return free;
  }
}
