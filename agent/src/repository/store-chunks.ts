import { RecordKind } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { ChunkSize } from "@holdfast/shared/format/chunk-size";
import type { Compression } from "@holdfast/shared/format/codec";
import { equalBytes, idAt, isZeroId, toHex } from "@holdfast/shared/format/content-id";
import { encodeRecord, type EncodedRecord } from "@holdfast/shared/format/record";
import type { RepositoryId } from "@holdfast/shared/format/repository-id";
import type { SealingKeys } from "@holdfast/shared/format/repository-keys";
import { compareUnchecked } from "./compare-unchecked.ts";
import { findMissing } from "./find-missing.ts";
import type { RepositoryCalls } from "./repository-access.ts";
import { sendRecords } from "./send-records.ts";

/** A chunk that the repository may have to be sent. */
export interface FreshChunk {
  readonly id: Uint8Array;
  readonly plain: Uint8Array;
}

/** The upload that chunks go to, and as what. */
export interface ChunkTarget {
  readonly uploadId: string;
  readonly repositoryId: RepositoryId;
  readonly chunkSize: ChunkSize;
  readonly compression: Compression;
  /** Of an encrypted repository. */
  readonly keys: SealingKeys | undefined;
}

/** Chunks that are neither zero nor those of `known` at the same place, each once. */
export const freshOf = (ids: Uint8Array, plains: readonly Uint8Array[], known?: Uint8Array): readonly FreshChunk[] => {
  const fresh = new Map<string, FreshChunk>();
  for (const [index, plain] of plains.entries()) {
    const id = idAt(ids, index);
    const isKnown = known !== undefined && equalBytes(id, idAt(known, index));
    if (!isZeroId(id) && !isKnown) fresh.set(toHex(id), { id, plain });
  }
  return [...fresh.values()];
};

/** Sends the chunks that the repository has not got, and compares those that its VM may not rely on yet. */
export const storeChunks = async (
  calls: RepositoryCalls,
  target: ChunkTarget,
  fresh: readonly FreshChunk[],
  signal: AbortSignal,
): Promise<{ readonly stored: number; readonly packedBytes: number }> => {
  const missing = await findOrCompare(calls, target, fresh, signal);
  if (missing.length === 0) return { stored: 0, packedBytes: 0 };
  const sent = await sendRecords(calls, target.uploadId, recordsOf(target, pick(fresh, missing)), signal);
  // What others had stored by then was dropped: it has to be compared as what was there before.
  if (sent.known > 0 && target.keys !== undefined) await findOrCompare(calls, target, pick(fresh, missing), signal);
  return { stored: sent.stored, packedBytes: sent.packedBytes };
};

/** Which chunks have to be sent. Those that are there and that no one but their writer checked are compared at once. */
const findOrCompare = async (
  calls: RepositoryCalls,
  { uploadId, chunkSize, keys }: ChunkTarget,
  fresh: readonly FreshChunk[],
  signal: AbortSignal,
): Promise<readonly number[]> => {
  const question = { uploadId, kind: RecordKind.CHUNK, ids: fresh.map(({ id }) => id) };
  const { missing, unchecked } = await findMissing(calls, question, signal);
  if (unchecked.length === 0) return missing;
  if (keys === undefined) throw new HoldfastError("KEY_MISSING", "the orders of an encrypted repository have no key");
  const ids = pick(fresh, unchecked).map(({ id }) => id);
  await compareUnchecked(calls, { uploadId, chunkSize, keys }, ids, signal);
  return missing;
};

function* recordsOf(
  { repositoryId, compression, keys }: ChunkTarget,
  chunks: readonly FreshChunk[],
): Generator<EncodedRecord> {
  for (const chunk of chunks) yield encodeRecord({ repositoryId, kind: "chunk", compression, keys, ...chunk });
}

const pick = <Item>(items: readonly Item[], indices: readonly number[]): readonly Item[] => {
  const wanted = new Set(indices);
  return items.filter((_, index) => wanted.has(index));
};
