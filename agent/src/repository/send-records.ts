import type { MessageInitShape } from "@bufbuild/protobuf";
import type { PutRecordsRequestSchema } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { EncodedRecord } from "@holdfast/shared/format/record";
import { GrantWindow } from "@holdfast/shared/rpc/data-stream";
import { maxPayloadBytes } from "@holdfast/shared/rpc/limits";
import type { RepositoryCalls } from "./repository-access.ts";

/** What became of the records of one stream. */
export interface SentRecords {
  /** Kept: new to the repository. */
  readonly stored: number;
  /** Dropped: the repository had them by then. */
  readonly known: number;
  /** Bytes that the stored ones take in packs. */
  readonly packedBytes: number;
}

type Request = MessageInitShape<typeof PutRecordsRequestSchema>;

/**
 * Sends records against the repository's grants and resolves when all are accepted. A record is taken from `records` when
 * its turn comes, so at most one is held.
 */
export const sendRecords = async (
  calls: RepositoryCalls,
  uploadId: string,
  records: Iterable<EncodedRecord>,
  signal: AbortSignal,
): Promise<SentRecords> => {
  const window = new GrantWindow();
  let sent = 0;
  async function* requests(): AsyncGenerator<Request> {
    yield { part: { case: "uploadId", value: uploadId } };
    for (const record of records) {
      for (const piece of piecesOf(record)) {
        await window.take(piece.data.byteLength, signal);
        yield { part: { case: "piece", value: piece } };
      }
      sent += 1;
    }
  }

  const total = { stored: 0, known: 0, packedBytes: 0 };
  try {
    for await (const { event } of calls.putRecords(requests(), { signal })) {
      if (event.case === "grantBytes") window.grant(Number(event.value));
      if (event.case !== "accepted") continue;
      total.stored += event.value.stored;
      total.known += event.value.known;
      total.packedBytes += Number(event.value.storedBytes);
    }
  } finally {
    window.close(new HoldfastError("CANCELLED", "the stream of records has ended"));
  }
  if (total.stored + total.known !== sent) {
    throw new HoldfastError(
      "STREAM_REFUSED",
      `the repository accepted ${total.stored + total.known} of ${sent} records`,
    );
  }
  return total;
};

/** A record cut into pieces that fit a message; the header travels with the first bytes. */
function* piecesOf({
  header,
  stored,
}: EncodedRecord): Generator<{ readonly data: Uint8Array; readonly last: boolean }> {
  const cut = Math.min(stored.byteLength, maxPayloadBytes - header.byteLength);
  yield { data: Buffer.concat([header, stored.subarray(0, cut)]), last: cut === stored.byteLength };
  for (let from = cut; from < stored.byteLength; from += maxPayloadBytes) {
    const end = Math.min(stored.byteLength, from + maxPayloadBytes);
    yield { data: stored.subarray(from, end), last: end === stored.byteLength };
  }
}
