import type { RecordKind } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { idSize } from "@holdfast/shared/format/content-id";
import type { RepositoryCalls } from "./repository-access.ts";

/** The most ids of one question (R7). */
const largestQuestion = 4096;

/** Indices of ids, ascending. */
export interface FoundMissing {
  /** To be sent. */
  readonly missing: readonly number[];
  /** To be compared before the upload relies on them; only in encrypted repositories. */
  readonly unchecked: readonly number[];
}

/** Which ids an upload has to send or to compare, by their places in `ids`. */
export const findMissing = async (
  calls: RepositoryCalls,
  question: { readonly uploadId: string; readonly kind: RecordKind; readonly ids: readonly Uint8Array[] },
  signal: AbortSignal,
): Promise<FoundMissing> => {
  const { uploadId, kind, ids } = question;
  const found: { missing: number[]; unchecked: number[] } = { missing: [], unchecked: [] };
  for (let from = 0; from < ids.length; from += largestQuestion) {
    const asked = ids.slice(from, from + largestQuestion);
    const { missing, unchecked } = await calls.findMissing(
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
      if (isSet(missing, index)) found.missing.push(from + index);
      else if (isSet(unchecked, index)) found.unchecked.push(from + index);
    }
  }
  return found;
};

const isSet = (bits: Uint8Array, index: number): boolean => (((bits[index >> 3] ?? 0) >> (index & 7)) & 1) === 1;
