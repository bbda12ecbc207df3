import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  ReadDiskRequestSchema,
  ReadDiskResponse,
  RepositoryService,
} from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { HoldfastError } from "../errors/holdfast-error.ts";
import type { ChunkSize } from "../format/chunk-size.ts";
import { openChecked, type ParsedRecord, parseRecord } from "../format/record.ts";
import type { ServiceClient } from "../rpc/client-types.ts";
import type { OpeningKeys } from "../format/repository-keys.ts";
import { GrantLedger } from "../rpc/data-stream.ts";
import { Outbox } from "../rpc/outbox.ts";
import { RecordPieces } from "./record-pieces.ts";

/** Positions of one disk of an open reading. */
export interface ChunkRange {
  readonly readingId: string;
  readonly diskId: string;
  readonly first: number;
  readonly count: number;
  readonly chunkSize: ChunkSize;
  /** Of an encrypted repository; without them its chunks fail with KEY_MISSING. */
  readonly keys?: OpeningKeys | undefined;
}

/** What a position, or a run of them, holds. */
export type ReadChunk =
  | { readonly kind: "zero"; readonly first: number; readonly count: number }
  /** Plain bytes, proven to be what `id` says; what they lack of a chunk is zeros. `record` is how the repository keeps them. */
  | {
      readonly kind: "chunk";
      readonly position: number;
      readonly id: Uint8Array;
      readonly plain: Uint8Array;
      readonly record: ParsedRecord;
    }
  /** It cannot be given, or its bytes are not what they should be; `code` is CHUNK_MISSING or CHUNK_DAMAGED. */
  | { readonly kind: "damaged"; readonly position: number; readonly code: string };

/** Bytes that may be on their way to this reader (R7): a few whole chunks, so that the sender never waits for one. */
const windowBytes = 8 * 1024 * 1024;

/**
 * Reads chunks of a restore point against grants, ascending; each is checked by its id. Decompresses on the calling thread: for
 * lanes and commands.
 */
export async function* readChunks(
  calls: Pick<ServiceClient<typeof RepositoryService>, "readDisk">,
  range: ChunkRange,
  signal: AbortSignal,
): AsyncGenerator<ReadChunk> {
  const { readingId, diskId, first: firstPosition, count } = range;
  const requests = new Outbox<MessageInitShape<typeof ReadDiskRequestSchema>>();
  const ledger = new GrantLedger(windowBytes);
  const grant = (): void => {
    const bytes = ledger.due();
    if (bytes > 0) requests.put({ part: { case: "grantBytes", value: BigInt(bytes) } });
  };
  requests.put({ part: { case: "start", value: { readingId, diskId, firstPosition, count } } });
  grant();

  const record = new RecordPieces();
  try {
    for await (const response of calls.readDisk(requests, { signal })) {
      if (response.event.case === "piece") ledger.received(response.event.value.data.byteLength);
      if (response.event.case === "end") requests.close();
      const chunk = takeChunk(response, record, range);
      if (chunk === undefined) continue;
      yield chunk;
      ledger.released(record.take());
      grant();
    }
  } finally {
    requests.close();
  }
}

const takeChunk = ({ event }: ReadDiskResponse, record: RecordPieces, range: ChunkRange): ReadChunk | undefined => {
  switch (event.case) {
    case "zero":
      return { kind: "zero", first: event.value.firstPosition, count: event.value.count };
    case "damaged":
      return { kind: "damaged", position: event.value.position, code: event.value.code };
    case "piece": {
      const { position, data, last } = event.value;
      const whole = record.add(data, last);
      return whole === undefined ? undefined : toChunk(position, whole, range);
    }
    case "queuePlace":
    case "end":
    case undefined:
      return undefined;
  }
};

const toChunk = (position: number, record: Uint8Array, { chunkSize, keys }: ChunkRange): ReadChunk => {
  try {
    const parsed = parseRecord(record);
    if (parsed.header.kind !== "chunk") return { kind: "damaged", position, code: "CHUNK_DAMAGED" };
    const plain = openChecked(parsed, chunkSize, keys);
    return { kind: "chunk", position, id: parsed.header.id, plain, record: parsed };
  } catch (caught) {
    if (!(caught instanceof HoldfastError) || caught.code !== "CHUNK_DAMAGED") throw caught;
    return { kind: "damaged", position, code: caught.code };
  }
};
