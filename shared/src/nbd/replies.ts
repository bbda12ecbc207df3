import { HoldfastError } from "../errors/holdfast-error.ts";
import { chunkDone, chunkErrorBit, maxPayloadBytes, simpleReplyMagic, structuredReplyMagic } from "./protocol.ts";
import type { SocketReader } from "./socket-reader.ts";

/** The header of a server's message in the transmission phase. */
export type ReplyHead =
  | { readonly form: "simple"; readonly cookie: number; readonly errno: number }
  | {
      readonly form: "chunk";
      readonly cookie: number;
      readonly kind: number;
      readonly last: boolean;
      readonly length: number;
    };

/** A run of bytes with the same flags, as one reply of block status tells it. */
export interface StatusRun {
  readonly length: number;
  readonly flags: number;
}

/** More than a block status of QEMU's 131,072 extents, or than a read's payload with its offset. */
const maxChunkBytes = maxPayloadBytes + 8;

/** Reads one header. Anything that is none is NBD_PROTOCOL. */
export const readReplyHead = async (reader: SocketReader): Promise<ReplyHead> => {
  const head = await reader.read(16);
  const magic = head.readUInt32BE(0);
  if (magic === simpleReplyMagic) return { form: "simple", errno: head.readUInt32BE(4), cookie: toCookie(head) };
  if (magic !== structuredReplyMagic)
    throw new HoldfastError("NBD_PROTOCOL", `no reply begins with ${magic.toString(16)}`);
  const length = (await reader.read(4)).readUInt32BE(0);
  if (length > maxChunkBytes) throw new HoldfastError("NBD_PROTOCOL", `a reply's chunk of ${length} bytes`);
  const last = (head.readUInt16BE(4) & chunkDone) !== 0;
  return { form: "chunk", last, kind: head.readUInt16BE(6), cookie: toCookie(head), length };
};

const toCookie = (head: Buffer): number => Number(head.readBigUInt64BE(8));

/** True for the kinds of chunk that tell an error. */
export const isErrorChunk = (kind: number): boolean => (kind & chunkErrorBit) !== 0;

/** Number and words of an error chunk's payload. */
export const parseErrorChunk = (payload: Buffer): { readonly errno: number; readonly words: string } => {
  if (payload.length < 6) throw new HoldfastError("NBD_PROTOCOL", "a truncated error chunk");
  return { errno: payload.readUInt32BE(0), words: payload.toString("utf8", 6, 6 + payload.readUInt16BE(4)) };
};

/** Context id and runs of a block-status chunk's payload. */
export const parseStatusChunk = (
  payload: Buffer,
): { readonly contextId: number; readonly runs: readonly StatusRun[] } => {
  if (payload.length < 12 || (payload.length - 4) % 8 !== 0) {
    throw new HoldfastError("NBD_PROTOCOL", `a block status of ${payload.length} bytes`);
  }
  const runs: StatusRun[] = [];
  for (let at = 4; at < payload.length; at += 8) {
    runs.push({ length: payload.readUInt32BE(at), flags: payload.readUInt32BE(at + 4) });
  }
  return { contextId: payload.readUInt32BE(0), runs };
};

/** The name of an error number that the protocol knows. */
export const errnoName = (errno: number): string => errnoNames.get(errno) ?? `error ${errno}`;

const errnoNames: ReadonlyMap<number, string> = new Map([
  [1, "EPERM"],
  [5, "EIO"],
  [12, "ENOMEM"],
  [22, "EINVAL"],
  [28, "ENOSPC"],
  [75, "EOVERFLOW"],
  [95, "ENOTSUP"],
  [108, "ESHUTDOWN"],
]);
