import { chunkIdOf } from "@holdfast/shared/format/chunk-id";
import { idCount, idSize } from "@holdfast/shared/format/content-id";
import { freshOf, storeChunks } from "../repository/store-chunks.ts";
import type { CopyLaneAnswer, CopyLaneStart, CopyRun } from "./copy-messages.ts";
import { readRun } from "../repository/read-run.ts";
import type { CopyCalls } from "./copy-calls.ts";

/** Copies a run between repositories that call the same bytes differently: it is read, cut and named anew, and what is missing is encoded anew. */
export const copyContent = async (
  calls: CopyCalls,
  { from, to }: CopyLaneStart,
  run: CopyRun,
  signal: AbortSignal,
): Promise<CopyLaneAnswer> => {
  const start = run.first * from.chunkSize;
  const bytes = Buffer.alloc(Math.min(idCount(run.ids) * from.chunkSize, run.sizeBytes - start));
  let readBytes = 0;
  for await (const { position, plain } of readRun(
    calls.source,
    { ...from, diskId: run.diskId, first: run.first, ids: run.ids },
    signal,
  )) {
    const at = position * from.chunkSize - start;
    bytes.set(plain.subarray(0, bytes.byteLength - at), at);
    readBytes += from.chunkSize;
  }
  const plains: Uint8Array[] = [];
  for (let at = 0; at < bytes.byteLength; at += to.chunkSize) plains.push(bytes.subarray(at, at + to.chunkSize));
  const ids = new Uint8Array(plains.length * idSize);
  for (const [index, plain] of plains.entries())
    ids.set(chunkIdOf(plain, to.chunkSize, to.keys?.idKey), index * idSize);
  return { ids, readBytes, ...(await storeChunks(calls.target, to, freshOf(ids, plains), signal)) };
};
