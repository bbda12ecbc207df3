import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";
import type { ChunkSize } from "@holdfast/shared/format/chunk-size";
import { equalBytes, idSize } from "@holdfast/shared/format/content-id";
import { openChecked, parseRecord } from "@holdfast/shared/format/record";
import type { OpeningKeys } from "@holdfast/shared/format/repository-keys";
import { RecordPieces } from "@holdfast/shared/reading/record-pieces";
import type { RepositoryCalls } from "./repository-access.ts";

/** Chunks of one question. */
const chunksAtOnce = 16;

/** An upload to an encrypted repository. */
export interface ComparingUpload {
  readonly uploadId: string;
  readonly chunkSize: ChunkSize;
  readonly keys: OpeningKeys;
}

/**
 * Compares chunks that another VM's writer stored with the ids that this writer gave to content of its own, and vouches for them: only
 * then its VM relies on them. CHUNK_DAMAGED when one is not what its id says.
 */
export const compareUnchecked = async (
  calls: RepositoryCalls,
  upload: ComparingUpload,
  ids: readonly Uint8Array[],
  signal: AbortSignal,
): Promise<void> => {
  for (let from = 0; from < ids.length; from += chunksAtOnce) {
    const asked = ids.slice(from, from + chunksAtOnce);
    const compared = await compare(calls, upload, asked, signal);
    await calls.vouch(
      { uploadId: upload.uploadId, ids: Buffer.concat(compared, compared.length * idSize) },
      { signal },
    );
  }
};

const compare = async (
  calls: RepositoryCalls,
  { uploadId, chunkSize, keys }: ComparingUpload,
  asked: readonly Uint8Array[],
  signal: AbortSignal,
): Promise<readonly Uint8Array[]> => {
  const compared: Uint8Array[] = [];
  const pieces = new RecordPieces();
  const request = { uploadId, ids: Buffer.concat(asked, asked.length * idSize) };
  for await (const { index, piece } of calls.readUnchecked(request, { signal })) {
    const record = piece === undefined ? undefined : pieces.add(piece.data, piece.last);
    const id = asked[index];
    if (record === undefined) continue;
    if (id === undefined)
      throw new HoldfastError("STREAM_REFUSED", `the repository sent chunk ${index} of ${asked.length}`);
    checkContent(record, id, { chunkSize, keys });
    compared.push(id);
  }
  return compared;
};

const checkContent = (
  record: Uint8Array,
  id: Uint8Array,
  { chunkSize, keys }: Pick<ComparingUpload, "chunkSize" | "keys">,
): void => {
  try {
    const parsed = parseRecord(record);
    openChecked(parsed, chunkSize, keys);
    if (parsed.header.kind === "chunk" && equalBytes(parsed.header.id, id)) return;
  } catch (cause) {
    if (!hasCode(cause, "CHUNK_DAMAGED")) throw cause;
    throw notItsContent(cause);
  }
  throw notItsContent();
};

const notItsContent = (cause?: unknown): HoldfastError =>
  new HoldfastError(
    "CHUNK_DAMAGED",
    "a chunk that another VM's backup stored is not what its id says: this backup does not rely on it, and cannot store its own",
    cause === undefined ? {} : { cause },
  );
