/** Numbers and encodings of the NBD protocol (fixed newstyle); nothing here reads or writes. All integers are big-endian. */

/** Greeting of a server: "NBDMAGIC". */
export const greetingMagic = 0x4e42444d41474943n;
/** Begins every option, and follows the greeting of a newstyle server: "IHAVEOPT". */
export const optionMagic = 0x49484156454f5054n;
export const optionReplyMagic = 0x3e889045565a9n;
export const requestMagic = 0x25609513;
export const simpleReplyMagic = 0x67446698;
export const structuredReplyMagic = 0x668e33ef;

/** Handshake flags, the same bits for server and client. */
export const handshakeFlags = { fixedNewstyle: 1, noZeroes: 2 } as const;

/** Options that this client sends. */
export const options = { abort: 2, go: 7, structuredReply: 8, listMetaContext: 9, setMetaContext: 10 } as const;

/** Kinds of an option's reply; errors have the top bit set. */
export const optionReplies = { ack: 1, information: 3, metaContext: 4 } as const;
export const optionErrorBit = 0x8000_0000;
export const optionErrorNames: ReadonlyMap<number, string> = new Map([
  [0x8000_0001, "unsupported"],
  [0x8000_0002, "forbidden by policy"],
  [0x8000_0003, "invalid"],
  [0x8000_0004, "unsupported on this platform"],
  [0x8000_0005, "TLS required"],
  [0x8000_0006, "unknown export"],
  [0x8000_0007, "server is shutting down"],
  [0x8000_0008, "block size required"],
  [0x8000_0009, "too big"],
]);
/** The option error of a name that the server does not export. */
export const unknownExport = 0x8000_0006;

/** Items of information that a server gives with NBD_OPT_GO. */
export const informationKinds = { export: 0, blockSize: 3 } as const;

/** What an export can do, told with its size. */
export const exportFlags = { readOnly: 2, flush: 4, fua: 8, trim: 32, writeZeroes: 64, multiConnection: 256 } as const;

export const commands = {
  read: 0,
  write: 1,
  disconnect: 2,
  flush: 3,
  trim: 4,
  writeZeroes: 6,
  blockStatus: 7,
} as const;
export type NbdCommand = keyof typeof commands;

export const commandFlags = { fua: 1, noHole: 2 } as const;

/** Kinds of a structured reply's chunks; errors have the bit 15 set. */
export const chunkKinds = { none: 0, offsetData: 1, offsetHole: 2, blockStatus: 5 } as const;
export const chunkErrorBit = 0x8000;
export const chunkDone = 1;

/** Bits of `base:allocation`. */
export const allocationFlags = { hole: 1, zero: 2 } as const;
/** The one bit of a `qemu:dirty-bitmap:…` context. */
export const dirtyFlag = 1;

/** The protocol's bound of a read's or a write's payload where the server names none, and the most that we ask for: 32 MiB. */
export const maxPayloadBytes = 32 * 1024 * 1024;
/** Requests without payload carry 32-bit lengths; ours stay at 1 GiB, aligned for every server. */
export const maxRangeBytes = 1024 * 1024 * 1024;
export const requestBytes = 28;

/** One request's header; `cookie` comes back in its replies. */
export interface NbdRequest {
  readonly command: NbdCommand;
  readonly flags?: number;
  readonly cookie: number;
  readonly offset: number;
  readonly length: number;
}

/** The 28 bytes that begin a request. */
export const encodeRequest = (request: NbdRequest): Buffer => {
  const bytes = Buffer.alloc(requestBytes);
  bytes.writeUInt32BE(requestMagic, 0);
  bytes.writeUInt16BE(request.flags ?? 0, 4);
  bytes.writeUInt16BE(commands[request.command], 6);
  bytes.writeBigUInt64BE(BigInt(request.cookie), 8);
  bytes.writeBigUInt64BE(BigInt(request.offset), 16);
  bytes.writeUInt32BE(request.length, 24);
  return bytes;
};

/** An option with its payload. */
export const encodeOption = (option: number, payload: Uint8Array = Buffer.alloc(0)): Buffer => {
  const head = Buffer.alloc(16);
  head.writeBigUInt64BE(optionMagic, 0);
  head.writeUInt32BE(option, 8);
  head.writeUInt32BE(payload.length, 12);
  return Buffer.concat([head, payload]);
};

/** Payload of NBD_OPT_GO: the export and the items of information asked for. */
export const encodeGo = (exportName: string, kinds: readonly number[]): Buffer => {
  const wanted = Buffer.alloc(2 + 2 * kinds.length);
  wanted.writeUInt16BE(kinds.length, 0);
  kinds.forEach((kind, index) => wanted.writeUInt16BE(kind, 2 + 2 * index));
  return Buffer.concat([encodeText(exportName), wanted]);
};

/** Payload of NBD_OPT_LIST_META_CONTEXT and NBD_OPT_SET_META_CONTEXT. */
export const encodeMetaQuery = (exportName: string, queries: readonly string[]): Buffer => {
  const count = Buffer.alloc(4);
  count.writeUInt32BE(queries.length, 0);
  return Buffer.concat([encodeText(exportName), count, ...queries.map(encodeText)]);
};

const encodeText = (text: string): Buffer => {
  const bytes = Buffer.from(text, "utf8");
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length, 0);
  return Buffer.concat([length, bytes]);
};
