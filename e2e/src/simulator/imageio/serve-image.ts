import type { NbdConnection } from "@holdfast/shared/nbd/connection";
import { hasCode, HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { answerEmpty, answerJson, type Exchange } from "./answer.ts";
import { type ClientConnection, openVolume } from "./client-connection.ts";
import type { FaultTable } from "./fault-table.ts";
import { checksumAlgorithms, imageChecksum, parseChecksumRequest } from "./image-checksum.ts";
import { dirtyExtents, noDirtyExtents, zeroExtents } from "./image-extents.ts";
import { parsePatch, readSmallBody } from "./patch-body.ts";
import { parseRange, parseWriteOffset } from "./ranges.ts";
import { badRequest, outOfRange, Refusal, serverFailed } from "./refusal.ts";
import { receiveContent } from "./receive-content.ts";
import { sendContent } from "./send-content.ts";
import { maxReaders, type Ticket } from "./ticket.ts";

/** A request for an image, authorised by its ticket, on its connection. */
export interface ImageRequest {
  readonly exchange: Exchange;
  readonly ticket: Ticket;
  readonly client: ClientConnection;
  readonly faults: FaultTable;
}

const readFeatures = ["checksum", "extents"];
const writeFeatures = ["checksum", "extents", "flush", "zero"];
const zeroStepBytes = 128 * 1024 * 1024;

/** What OPTIONS tells of a ticket, or of the daemon when there is none. */
export const answerOptions = (exchange: Exchange, ticket: Ticket | undefined, unixSocket: string | undefined): void => {
  const writable = ticket?.spec.operation !== "read";
  const answer = {
    ...(unixSocket === undefined ? {} : { unix_socket: unixSocket }),
    features: writable ? writeFeatures : readFeatures,
    max_readers: maxReaders,
    max_writers: maxReaders,
  };
  answerJson(exchange, answer, { allow: writable ? "OPTIONS,GET,PUT,PATCH" : "OPTIONS,GET" });
};

/** GET of contents. */
export const getContent = async (image: ImageRequest): Promise<void> => {
  const { exchange, ticket, faults } = image;
  const { sizeBytes, id } = ticket.spec;
  const range = parseRange(exchange.request.headers.range, sizeBytes);
  if (faults.fails(id, "fail-reads")) throw serverFailed();
  const volume = await volumeOf(image);
  await sendContent(image, volume, range);
};

/** GET of extents. */
export const getExtents = async (image: ImageRequest): Promise<void> => {
  const { exchange, ticket } = image;
  const context = exchange.url.searchParams.get("context") ?? "zero";
  if (context !== "zero" && context !== "dirty") throw badRequest(`Invalid context: '${context}'`);
  if (context === "dirty" && !ticket.spec.dirty) throw noDirtyExtents();
  const volume = await volumeOf(image);
  const collect = context === "zero" ? zeroExtents : dirtyExtents;
  const extents = await collect(volume, ticket.spec.sizeBytes);
  ticket.countExtents();
  answerJson(exchange, extents);
};

/** GET of a checksum of the whole image. */
export const getChecksum = async (image: ImageRequest): Promise<void> => {
  const { algorithm, blockBytes } = parseChecksumRequest(image.exchange.url.searchParams);
  const volume = await volumeOf(image);
  const checksum = await imageChecksum(volume, image.ticket.spec.sizeBytes, { algorithm, blockBytes });
  answerJson(image.exchange, { algorithm, block_size: blockBytes, checksum });
};

export const getChecksumAlgorithms = (image: ImageRequest): Promise<void> => {
  answerJson(image.exchange, { algorithms: checksumAlgorithms() });
  return Promise.resolve();
};

/** PUT of contents. */
export const putContent = async (image: ImageRequest): Promise<void> => {
  const { exchange, ticket, faults } = image;
  const { headers } = exchange.request;
  const length = headers["content-length"];
  if (length === undefined) throw badRequest("Content-Length header is required");
  const offset = parseWriteOffset(headers["content-range"]);
  const flush = exchange.url.searchParams.get("flush") ?? "y";
  if (flush !== "y" && flush !== "n") throw badRequest(`Invalid value for flush: '${flush}'`);
  const range = { offset, length: Number(length) };
  assertInside(range, ticket);
  if (faults.fails(ticket.spec.id, "fail-writes") || ticket.spec.storage?.() === "full") throw serverFailed();
  const volume = await volumeOf(image);
  await receiveContent(image, volume, range);
  if (flush === "y") await volume.flush();
  answerEmpty(exchange);
};

/** PATCH: zeroes a range, or flushes. */
export const patchImage = async (image: ImageRequest): Promise<void> => {
  const { exchange, ticket, faults } = image;
  const patch = parsePatch(await readSmallBody(exchange.request));
  if (patch.op === "zero") assertInside({ offset: patch.offset, length: patch.size }, ticket);
  if (faults.fails(ticket.spec.id, "fail-writes")) throw serverFailed();
  const volume = await volumeOf(image);
  if (patch.op === "zero") await zero(volume, ticket, patch);
  if (patch.op === "flush" || patch.flush) await volume.flush();
  answerEmpty(exchange);
};

const zero = async (
  volume: NbdConnection,
  ticket: Ticket,
  range: { readonly offset: number; readonly size: number },
): Promise<void> => {
  for (let done = 0; done < range.size; done += zeroStepBytes) {
    const step = { offset: range.offset + done, length: Math.min(zeroStepBytes, range.size - done) };
    await volume.writeZeroes(step.offset, step.length);
    ticket.countZeroed(step);
  }
};

const assertInside = (range: { readonly offset: number; readonly length: number }, ticket: Ticket): void => {
  const { sizeBytes } = ticket.spec;
  if (range.offset + range.length > sizeBytes) throw outOfRange(sizeBytes, `${range.length} bytes at ${range.offset}`);
};

/** The volume as this connection has it open; what keeps it from opening is a 500, a removed ticket ends the connection. */
const volumeOf = async ({ client, ticket }: ImageRequest): Promise<NbdConnection> => {
  if (ticket.spec.storage?.() === "gone") throw serverFailed();
  const signal = client.signalFor(ticket);
  try {
    return await client.volume(ticket, () => openVolume(ticket, signal));
  } catch (caught) {
    if (caught instanceof Refusal || hasCode(caught, "CANCELLED")) throw caught;
    if (signal.aborted) throw new HoldfastError("CANCELLED", "the ticket or its connection is gone", { cause: caught });
    throw serverFailed();
  }
};
