import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { equalBytes, idAt, idCount, isZeroId } from "@holdfast/shared/format/content-id";
import { type ReadChunk, readChunks } from "@holdfast/shared/reading/read-chunks";
import type { RepositoryCalls } from "../repository/repository-access.ts";
import { hurt } from "../restore/damage.ts";
import type { CopyRun, CopySource } from "./copy-messages.ts";

/** The two repositories of a copy, as one lane dials them. */
export interface CopyCalls {
  readonly source: RepositoryCalls;
  readonly target: RepositoryCalls;
}

/** Reads a run, ascending, without its zeros. POINT_HURT when a chunk cannot be given, or is not the one that the point's pages name. */
export async function* readRun(
  { source }: Pick<CopyCalls, "source">,
  { readingId, chunkSize, keys }: CopySource,
  { diskId, first, ids }: CopyRun,
  signal: AbortSignal,
): AsyncGenerator<ReadChunk & { readonly kind: "chunk" }> {
  const end = first + idCount(ids);
  const range = { readingId, diskId, first, count: end - first, chunkSize, keys };
  const damaged: number[] = [];
  let next = first;
  for await (const chunk of readChunks(source, range, signal)) {
    const [from, count] = chunk.kind === "zero" ? [chunk.first, chunk.count] : [chunk.position, 1];
    if (from !== next)
      throw new HoldfastError("STREAM_REFUSED", `the repository sent chunk ${from} where ${next} was next`);
    next += count;
    damaged.push(...differing(chunk, from, count, (position) => idAt(ids, position - first)));
    if (chunk.kind === "chunk" && damaged.length === 0) yield chunk;
  }
  if (damaged.length > 0) throw hurt(diskId, damaged);
  if (next !== end) throw new HoldfastError("STREAM_REFUSED", `the repository ended at chunk ${next}`);
}

/** Positions that are not what the point's pages say. */
const differing = (
  chunk: ReadChunk,
  from: number,
  count: number,
  idOf: (position: number) => Uint8Array,
): readonly number[] => {
  const isRight = (position: number): boolean => {
    if (chunk.kind === "damaged") return false;
    return chunk.kind === "zero" ? isZeroId(idOf(position)) : equalBytes(chunk.id, idOf(position));
  };
  return Array.from({ length: count }, (_, index) => from + index).filter((position) => !isRight(position));
};
