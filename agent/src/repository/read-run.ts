import { type CheckedRange, readCheckedChunks } from "@holdfast/shared/reading/read-checked-chunks";
import type { ReadChunk } from "@holdfast/shared/reading/read-chunks";
import { hurt } from "./damage.ts";
import type { RepositoryCalls } from "./repository-access.ts";

/**
 * Reads a run that is used whole or not at all: its chunks in order, without its zeros. POINT_HURT names every chunk that cannot
 * be given, or is not the one that the point's pages name; after the first of them nothing more is given.
 */
export async function* readRun(
  calls: RepositoryCalls,
  run: CheckedRange,
  signal: AbortSignal,
): AsyncGenerator<ReadChunk & { readonly kind: "chunk" }> {
  const damaged: number[] = [];
  for await (const chunk of readCheckedChunks(calls, run, signal)) {
    if (chunk.kind === "damaged") damaged.push(chunk.position);
    if (chunk.kind === "chunk" && damaged.length === 0) yield chunk;
  }
  if (damaged.length > 0) throw hurt(run.diskId, damaged);
}
