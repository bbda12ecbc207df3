import type { NbdConnection } from "@holdfast/shared/nbd/connection";
import type { IncomingMessage } from "node:http";
import type { ByteRange } from "./ranges.ts";
import { badRequest } from "./refusal.ts";
import type { ImageRequest } from "./serve-image.ts";

/**
 * Streams a request's body into a range of the volume: while one buffer is written, the other is filled. A body that ends
 * early is written as far as it came, and then a 400.
 */
export const receiveContent = async (image: ImageRequest, volume: NbdConnection, range: ByteRange): Promise<void> => {
  const { exchange, ticket, client } = image;
  let writing: Promise<void> = Promise.resolve();
  let done = 0;
  for await (const part of fillBuffers(exchange.request, client.buffers)) {
    await writing;
    const piece = { offset: range.offset + done, length: part.length };
    writing = volume.write(part, piece.offset).then(() => ticket.countWritten(piece));
    // It is awaited before the next; a failure in between is not unhandled.
    writing.catch(() => undefined);
    done += part.length;
  }
  await writing;
  if (done < range.length) throw badRequest(`Not enough data: expected ${range.length} bytes, got ${done}`);
};

/** The body in pieces of a buffer's size, each in the buffer that the piece before is not in. */
async function* fillBuffers(request: IncomingMessage, buffers: readonly [Buffer, Buffer]): AsyncGenerator<Buffer> {
  let [current, other] = buffers;
  let filled = 0;
  for await (const chunk of bodyOf(request)) {
    for (let rest = chunk; rest.length > 0;) {
      const taken = rest.subarray(0, current.length - filled);
      current.set(taken, filled);
      filled += taken.length;
      rest = rest.subarray(taken.length);
      if (filled < current.length) continue;
      yield current;
      [current, other, filled] = [other, current, 0];
    }
  }
  if (filled > 0) yield current.subarray(0, filled);
}

/** The chunks of a body; a client that goes away ends it early. Who stops reading can still answer. */
async function* bodyOf(request: IncomingMessage): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) yield chunk as Uint8Array;
  } catch (caught) {
    if (!request.destroyed) throw caught;
  }
}
