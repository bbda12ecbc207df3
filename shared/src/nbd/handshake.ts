import { HoldfastError } from "../errors/holdfast-error.ts";
import {
  encodeGo,
  encodeMetaQuery,
  encodeOption,
  greetingMagic,
  handshakeFlags,
  informationKinds,
  maxPayloadBytes,
  optionErrorBit,
  optionErrorNames,
  optionMagic,
  optionReplies,
  optionReplyMagic,
  options,
  unknownExport,
} from "./protocol.ts";
import type { SocketReader } from "./socket-reader.ts";

/** What a server said of an export when it opened it. */
export interface NbdExport {
  readonly sizeBytes: number;
  /** Bits of `exportFlags`. */
  readonly flags: number;
  readonly minimumBlockBytes: number;
  /** The largest payload of a read or write that the server takes. */
  readonly maximumPayloadBytes: number;
  /** The negotiated meta contexts by the ids that replies carry. */
  readonly contexts: ReadonlyMap<number, string>;
}

/** Picks the meta contexts to negotiate from those that the server offers for the export. */
export type ChooseContexts = (offered: readonly string[]) => readonly string[];

interface OptionReply {
  readonly kind: number;
  readonly payload: Buffer;
}

const maxOptionReplyBytes = 64 * 1024;
const maxOptionReplies = 10_000;

/** Opens an export over a fresh connection: greeting, structured replies, meta contexts, NBD_OPT_GO. */
export const openExport = async (
  reader: SocketReader,
  exportName: string,
  choose?: ChooseContexts,
): Promise<NbdExport> => {
  await greet(reader);
  const structured = await acknowledged(reader, options.structuredReply);
  const contexts = structured && choose ? await negotiate(reader, exportName, choose) : new Map<number, string>();
  return { ...(await go(reader, exportName)), contexts };
};

const greet = async (reader: SocketReader): Promise<void> => {
  const greeting = await reader.read(18);
  if (greeting.readBigUInt64BE(0) !== greetingMagic || greeting.readBigUInt64BE(8) !== optionMagic) {
    throw new HoldfastError("NBD_PROTOCOL", "the greeting is not that of a newstyle NBD server");
  }
  const offered = greeting.readUInt16BE(16);
  if ((offered & handshakeFlags.fixedNewstyle) === 0) {
    throw new HoldfastError("NBD_PROTOCOL", "the NBD server does not speak the fixed newstyle");
  }
  const answer = Buffer.alloc(4);
  answer.writeUInt32BE(handshakeFlags.fixedNewstyle | (offered & handshakeFlags.noZeroes), 0);
  reader.socket.write(answer);
};

const acknowledged = async (reader: SocketReader, option: number): Promise<boolean> => {
  reader.socket.write(encodeOption(option));
  const reply = await readReply(reader, option);
  return reply.kind === optionReplies.ack;
};

const negotiate = async (
  reader: SocketReader,
  exportName: string,
  choose: ChooseContexts,
): Promise<ReadonlyMap<number, string>> => {
  const offered = await metaContexts(reader, options.listMetaContext, encodeMetaQuery(exportName, []));
  const chosen = choose(offered.map(([, name]) => name));
  if (chosen.length === 0) return new Map();
  return new Map(await metaContexts(reader, options.setMetaContext, encodeMetaQuery(exportName, chosen)));
};

const metaContexts = async (
  reader: SocketReader,
  option: number,
  payload: Buffer,
): Promise<readonly (readonly [number, string])[]> => {
  reader.socket.write(encodeOption(option, payload));
  const contexts: (readonly [number, string])[] = [];
  for await (const reply of replies(reader, option)) {
    if (reply.kind !== optionReplies.metaContext || reply.payload.length < 4) throw unexpected(option, reply);
    contexts.push([reply.payload.readUInt32BE(0), reply.payload.toString("utf8", 4)]);
  }
  return contexts;
};

const go = async (reader: SocketReader, exportName: string): Promise<Omit<NbdExport, "contexts">> => {
  const payload = encodeGo(exportName, [informationKinds.export, informationKinds.blockSize]);
  reader.socket.write(encodeOption(options.go, payload));
  let size: { sizeBytes: number; flags: number } | undefined;
  let blocks = { minimumBlockBytes: 1, maximumPayloadBytes: maxPayloadBytes };
  for await (const reply of replies(reader, options.go)) {
    if (reply.kind !== optionReplies.information || reply.payload.length < 2) throw unexpected(options.go, reply);
    size = parseSize(reply.payload) ?? size;
    blocks = parseBlocks(reply.payload) ?? blocks;
  }
  if (!size) throw new HoldfastError("NBD_PROTOCOL", "the NBD server did not tell the size of the export");
  return { ...size, ...blocks };
};

const parseSize = (item: Buffer): { sizeBytes: number; flags: number } | undefined => {
  if (item.readUInt16BE(0) !== informationKinds.export || item.length < 12) return undefined;
  const size = item.readBigUInt64BE(2);
  if (size > BigInt(Number.MAX_SAFE_INTEGER)) throw new HoldfastError("NBD_PROTOCOL", `impossible export size ${size}`);
  return { sizeBytes: Number(size), flags: item.readUInt16BE(10) };
};

const parseBlocks = (item: Buffer): { minimumBlockBytes: number; maximumPayloadBytes: number } | undefined => {
  if (item.readUInt16BE(0) !== informationKinds.blockSize || item.length < 14) return undefined;
  const maximum = Math.min(item.readUInt32BE(10), maxPayloadBytes);
  return { minimumBlockBytes: Math.max(1, item.readUInt32BE(2)), maximumPayloadBytes: maximum };
};

/** The replies of an option up to its acknowledgement. */
async function* replies(reader: SocketReader, option: number): AsyncGenerator<OptionReply> {
  for (let count = 0; count < maxOptionReplies; count += 1) {
    const reply = await readReply(reader, option);
    if (reply.kind === optionReplies.ack) return;
    if (reply.kind >= optionErrorBit) throw refused(option, reply);
    yield reply;
  }
  throw new HoldfastError("NBD_PROTOCOL", `the NBD server answers option ${option} without end`);
}

const readReply = async (reader: SocketReader, option: number): Promise<OptionReply> => {
  const head = await reader.read(20);
  const length = head.readUInt32BE(16);
  const sound = head.readBigUInt64BE(0) === optionReplyMagic && head.readUInt32BE(8) === option;
  if (!sound || length > maxOptionReplyBytes) {
    throw new HoldfastError("NBD_PROTOCOL", `malformed reply to option ${option}`);
  }
  return { kind: head.readUInt32BE(12), payload: await reader.read(length) };
};

const unexpected = (option: number, reply: OptionReply): HoldfastError =>
  new HoldfastError("NBD_PROTOCOL", `unexpected reply ${reply.kind} to option ${option}`);

const refused = (option: number, reply: OptionReply): HoldfastError => {
  const words = reply.payload.toString("utf8");
  const reason = optionErrorNames.get(reply.kind) ?? `error ${reply.kind}`;
  const code = reply.kind === unknownExport ? "NOT_FOUND" : "NBD_PROTOCOL";
  return new HoldfastError(code, `the NBD server refused option ${option}: ${reason}${words && ` (${words})`}`);
};
