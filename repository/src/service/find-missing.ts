import { RecordKind as KindMessage } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { RecordKind } from "@holdfast/shared/format/record-header";
import { findStandings, type IdStanding } from "../uploads/known-records.ts";
import type { ServiceDeps } from "./deps.ts";
import { toIds } from "./requests.ts";
import type { Calls } from "./types.ts";

/** Which ids the upload has to send (S1–S3). */
export const findMissing =
  ({ store, uploads, authorizer }: ServiceDeps): Calls["findMissing"] =>
  async (request, context) => {
    const upload = uploads.require(request.uploadId, authorizer.permissionOf(context));
    const ids = toIds(request.ids);
    const standings = await findStandings(store, upload, toKind(request.kind), ids);
    upload.signal.throwIfAborted();
    upload.counts.asked += standings.length;
    upload.counts.answeredKnown += standings.filter((standing) => standing === "known").length;
    const bitsOf = (wanted: IdStanding): Uint8Array => toBits(standings.map((standing) => standing === wanted));
    return { missing: bitsOf("missing"), ...(store.sharing && { unchecked: bitsOf("unchecked") }) };
  };

const toKind = (kind: KindMessage): RecordKind => {
  if (kind === KindMessage.CHUNK) return "chunk";
  if (kind === KindMessage.PAGE) return "page";
  throw new HoldfastError("INVALID_ARGUMENT", `${kind} is no kind of record`);
};

/** One bit each in the order given, least significant bit first. */
const toBits = (flags: readonly boolean[]): Uint8Array => {
  const bits = new Uint8Array(Math.ceil(flags.length / 8));
  for (const [index, isSet] of flags.entries()) {
    if (isSet) bits[index >> 3] = (bits[index >> 3] ?? 0) | (1 << (index & 7));
  }
  return bits;
};
