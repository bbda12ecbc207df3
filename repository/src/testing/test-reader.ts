import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { openChecked, parseRecord } from "@holdfast/shared/format/record";
import type { OpeningKeys } from "@holdfast/shared/format/repository-keys";
import { plainAt, type SyntheticDisk } from "./synthetic-disk.ts";
import type { RepositoryClient } from "./test-callers.ts";
import { testChunkSize } from "./test-server.ts";

/** A held reading of a test. */
export interface HeldReading extends AsyncDisposable {
  readonly readingId: string;
  readonly ended: Promise<void>;
}

/** Opens a reading and holds it until it is disposed of. */
export const openReading = async (client: RepositoryClient, pointId: string): Promise<HeldReading> => {
  const stop = new AbortController();
  const iterator = client.openReading({ pointId }, { signal: stop.signal })[Symbol.asyncIterator]();
  const first = await iterator.next();
  if (first.done === true) throw new Error("no answer");
  const ended = iterator.next().then(() => undefined);
  ended.catch(() => undefined);
  return {
    readingId: first.value.readingId,
    ended,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await ended.catch(() => undefined);
    },
  };
};

/** What a read disk was made of. */
export interface ReadResult {
  /** By position; positions that are not there were zeros. */
  readonly chunks: ReadonlyMap<number, Uint8Array>;
  readonly zeroPositions: number;
  readonly damaged: readonly { readonly position: number; readonly code: string }[];
}

/** Reads a stretch of a disk, granting as it goes. */
export const readDisk = async (
  client: RepositoryClient,
  start: {
    readonly readingId: string;
    readonly diskId: string;
    readonly firstPosition?: number;
    readonly count?: number;
    /** Of an encrypted repository. */
    readonly keys?: OpeningKeys;
  },
): Promise<ReadResult> => {
  const grants = grantQueue();
  const chunks = new Map<number, Uint8Array>();
  const damaged: { position: number; code: string }[] = [];
  let zeroPositions = 0;
  let pieces: Uint8Array[] = [];
  grants.add(8 * 1024 * 1024);
  const { readingId, diskId, firstPosition = 0, count = 2 ** 31 } = start;
  for await (const { event } of client.readDisk(grants.requests({ readingId, diskId, firstPosition, count }))) {
    if (event.case === "zero") zeroPositions += event.value.count;
    if (event.case === "end") grants.end();
    if (event.case === "end") grants.end();
    if (event.case === "damaged") damaged.push({ position: event.value.position, code: event.value.code });
    if (event.case !== "piece") continue;
    pieces.push(event.value.data);
    grants.add(event.value.data.byteLength);
    if (!event.value.last) continue;
    chunks.set(event.value.position, openChecked(parseRecord(Buffer.concat(pieces)), testChunkSize, start.keys));
    pieces = [];
  }
  return { chunks, zeroPositions, damaged };
};

interface ReadStart {
  readonly readingId: string;
  readonly diskId: string;
  readonly firstPosition: number;
  readonly count: number;
}

/** The request side of a `ReadDisk`: the start, then grants as they are added. */
export const grantQueue = () => {
  const state = { bytes: 0n, isOver: false, wake: Promise.withResolvers<void>() };
  return {
    add: (more: number): void => {
      state.bytes += BigInt(more);
      state.wake.resolve();
    },
    end: (): void => {
      state.isOver = true;
      state.wake.resolve();
    },
    async *requests(start: ReadStart) {
      yield { part: { case: "start" as const, value: start } };
      while (!state.isOver) {
        if (state.bytes > 0n) {
          const value = state.bytes;
          state.bytes = 0n;
          yield { part: { case: "grantBytes" as const, value } };
        } else {
          state.wake = Promise.withResolvers();
          await state.wake.promise;
        }
      }
    },
  };
};

/** Throws unless what was read is exactly the disk. */
export const expectDisk = ({ chunks, zeroPositions, damaged }: ReadResult, disk: SyntheticDisk): void => {
  const total = Math.ceil(disk.sizeBytes / testChunkSize);
  if (damaged.length > 0) throw new HoldfastError("CHUNK_DAMAGED", "positions are damaged");
  if (chunks.size !== disk.seeds.size || zeroPositions !== total - chunks.size) throw new Error("positions differ");
  for (const position of disk.seeds.keys()) {
    const plain = chunks.get(position);
    if (!plain || Buffer.compare(plain, plainAt(disk, position, testChunkSize)) !== 0) {
      throw new Error(`position ${position} differs`);
    }
  }
};
