import type { RepositoryService } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { HoldfastError } from "../errors/holdfast-error.ts";
import { equalBytes, idAt, idCount, isZeroId } from "../format/content-id.ts";
import type { ServiceClient } from "../rpc/client-types.ts";
import { type ChunkRange, type ReadChunk, readChunks } from "./read-chunks.ts";

type Calls = Pick<ServiceClient<typeof RepositoryService>, "readDisk">;

/** Positions of a disk, and the ids that their chunks must have. */
export interface CheckedRange extends Omit<ChunkRange, "count"> {
  /** 32 bytes each. */
  readonly ids: Uint8Array;
}

/**
 * Reads chunks that must be these, in order: what the repository gives in place of one is damaged, and what it leaves out is
 * STREAM_REFUSED, never zeros.
 */
export async function* readCheckedChunks(
  calls: Calls,
  { ids, ...range }: CheckedRange,
  signal: AbortSignal,
): AsyncGenerator<ReadChunk> {
  const count = idCount(ids);
  let next = 0;
  for await (const chunk of readChunks(calls, { ...range, count }, signal)) {
    const [first, positions] = chunk.kind === "zero" ? [chunk.first, chunk.count] : [chunk.position, 1];
    if (first !== range.first + next || next + positions > count)
      throw new HoldfastError(
        "STREAM_REFUSED",
        `the repository sent chunk ${first} where ${range.first + next} was next`,
      );
    const expected = Array.from({ length: positions }, (_, index) => idAt(ids, next + index));
    next += positions;
    yield* asExpected(chunk, expected);
  }
  if (next !== count)
    throw new HoldfastError("STREAM_REFUSED", `the repository ended at chunk ${range.first + next}, before the last`);
}

function* asExpected(chunk: ReadChunk, expected: readonly Uint8Array[]): Generator<ReadChunk> {
  if (chunk.kind === "damaged") yield chunk;
  else if (chunk.kind === "chunk") {
    const isRight = expected.every((id) => equalBytes(id, chunk.id));
    yield isRight ? chunk : { kind: "damaged", position: chunk.position, code: "CHUNK_DAMAGED" };
  } else if (expected.every(isZeroId)) yield chunk;
  else yield* expected.map((id, index) => zeroAt(chunk.first + index, isZeroId(id)));
}

const zeroAt = (position: number, isRight: boolean): ReadChunk =>
  isRight ? { kind: "zero", first: position, count: 1 } : { kind: "damaged", position, code: "CHUNK_DAMAGED" };
