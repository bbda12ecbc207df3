import type { NbdConnection } from "@holdfast/shared/nbd/connection";
import type { OutgoingHttpHeaders } from "node:http";
import { type Exchange, answerOtherwise } from "./answer.ts";
import { bufferBytes } from "./client-connection.ts";
import type { ByteRange } from "./ranges.ts";
import { serverFailed } from "./refusal.ts";
import type { ImageRequest } from "./serve-image.ts";
import { sendBytes } from "./send-bytes.ts";

/**
 * Streams a range (the whole image when none was asked for) to the client: while one buffer is sent, the next part is read
 * into the other. A failure of the first read is a 500; a later one cuts the body short.
 */
export const sendContent = async (
  image: ImageRequest,
  volume: NbdConnection,
  asked: ByteRange | undefined,
): Promise<void> => {
  const { exchange, ticket, client, faults } = image;
  const range = asked ?? { offset: 0, length: ticket.spec.sizeBytes };
  const read = partReader(image, volume, range);
  const signal = client.signalFor(ticket);
  let part = await read(0).catch(() => {
    throw serverFailed();
  });
  if (answerOtherwise(exchange)) return;
  exchange.response.writeHead(asked ? 206 : 200, toHeaders(image, asked));
  for (let done = 0; done < range.length;) {
    const allowed = Math.min(faults.sendable(ticket.spec.id, part.length), untilCut(exchange) - done);
    const next = done + part.length;
    const sent = { offset: range.offset + done, length: allowed };
    const sending = sendBytes(exchange.response, part.subarray(0, allowed), signal);
    const [, following] = await Promise.all([sending, read(next)]);
    ticket.countRead(sent);
    if (allowed < part.length) {
      client.cut();
      return;
    }
    [part, done] = [following, next];
  }
  exchange.response.end();
};

/** After how many bytes of the body the connection is to be cut. */
const untilCut = ({ fate }: Exchange): number => (fate?.kind === "short" ? fate.bytes : Number.POSITIVE_INFINITY);

/** Reads the part of the range that begins at `done` into one of the two buffers in turn. */
const partReader = (
  { client, ticket }: ImageRequest,
  volume: NbdConnection,
  range: ByteRange,
): ((done: number) => Promise<Buffer>) => {
  return async (done) => {
    const buffer = client.buffers[Math.floor(done / bufferBytes) % 2 === 0 ? 0 : 1];
    const part = buffer.subarray(0, Math.min(bufferBytes, range.length - done));
    if (part.length === 0) return part;
    ticket.spec.onRead?.({ offset: range.offset + done, length: part.length });
    await volume.read(part, range.offset + done);
    return part;
  };
};

const toHeaders = ({ exchange, ticket }: ImageRequest, asked: ByteRange | undefined): OutgoingHttpHeaders => {
  const { sizeBytes, filename } = ticket.spec;
  const last = asked ? asked.offset + asked.length - 1 : 0;
  return {
    "content-type": "application/octet-stream",
    "content-length": asked?.length ?? sizeBytes,
    "content-disposition": filename === undefined ? "attachment" : `attachment; filename=${filename}`,
    ...(asked ? { "content-range": `bytes ${asked.offset}-${last}/${sizeBytes}` } : {}),
    ...(exchange.url.searchParams.get("close") === "y" ? { connection: "close" } : {}),
  };
};
