import type { RecordKind } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { idSize } from "@holdfast/shared/format/content-id";
import type { RepositoryCalls } from "./repository-access.ts";

/** The most ids of one question (R7). */
const largestQuestion = 4096;

/** Which ids an upload has to send: the indices of those that are missing, in the order of `ids`. */
export const findMissing = async (
  calls: RepositoryCalls,
  question: { readonly uploadId: string; readonly kind: RecordKind; readonly ids: readonly Uint8Array[] },
  signal: AbortSignal,
): Promise<readonly number[]> => {
  const { uploadId, kind, ids } = question;
  const indices: number[] = [];
  for (let from = 0; from < ids.length; from += largestQuestion) {
    const asked = ids.slice(from, from + largestQuestion);
    const { missing } = await calls.findMissing(
      { uploadId, kind, ids: Buffer.concat(asked, asked.length * idSize) },
      { signal },
    );
    if (missing.byteLength * 8 < asked.length) {
      throw new HoldfastError(
        "STREAM_REFUSED",
        `the repository answered ${missing.byteLength} bytes about ${asked.length} ids`,
      );
    }
    for (let index = 0; index < asked.length; index += 1) {
      if (((missing[index >> 3] ?? 0) >> (index & 7)) & 1) indices.push(from + index);
    }
  }
  return indices;
};
