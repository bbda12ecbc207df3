import type { Clock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { ImageConnection, type ImageRequest } from "./image-connection.ts";
import type { ImageEndpoint } from "./image-endpoint.ts";

/**
 * Writes a disk through imageio over one connection. Nothing is durable before `flush`. A server that fails may have lost
 * everything since the last flush, of every connection, so no failed write is repeated here: the disk is given up.
 */
export class ImageWriter implements AsyncDisposable {
  readonly #connection: ImageConnection;

  constructor(endpoint: ImageEndpoint, clock: Clock) {
    this.#connection = new ImageConnection(endpoint, clock);
  }

  /** Writes `bytes` at `start`. DISK_WRITE_FAILED, or TICKET_REFUSED when the permission has ended. */
  async write(start: number, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    await this.#send(
      {
        method: "PUT",
        suffix: "?flush=n",
        headers: {
          "content-range": `bytes ${start}-${start + bytes.byteLength - 1}/*`,
          "content-length": String(bytes.byteLength),
        },
        body: bytes,
      },
      signal,
    );
  }

  /** Makes durable what every connection wrote. */
  async flush(signal: AbortSignal): Promise<void> {
    const headers = { "content-type": "application/json" };
    await this.#send({ method: "PATCH", headers, body: JSON.stringify({ op: "flush" }) }, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection[Symbol.asyncDispose]();
  }

  async #send(request: ImageRequest, signal: AbortSignal): Promise<void> {
    try {
      const answer = await this.#connection.send(request, signal);
      await answer.body.dump();
    } catch (caught) {
      signal.throwIfAborted();
      const fault = HoldfastError.from(caught);
      if (fault.code === "TICKET_REFUSED" || fault.code === "ENGINE_UNTRUSTED") throw fault;
      throw new HoldfastError("DISK_WRITE_FAILED", `writing through imageio failed: ${fault.message}`, {
        cause: fault,
      });
    }
  }
}
