import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  CommitRequest,
  CommitStart,
  HealedPointsSchema,
} from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { largestManifestBytes } from "@holdfast/shared/format/manifest";
import { toPointSummary, toRangeMessage } from "../catalog/point-message.ts";
import { judgeAgain, judgeNewPoint } from "../catalog/judge-again.ts";
import type { CatalogPoint } from "../catalog/catalog-point.ts";
import type { Upload } from "../uploads/upload.ts";
import { committedAlready, commitUpload } from "../uploads/commit-upload.ts";
import { isAttemptOf } from "../uploads/upload.ts";
import { refused } from "./authorize.ts";
import type { ServiceDeps } from "./deps.ts";
import { toAttempt } from "./requests.ts";
import type { Calls } from "./types.ts";

/** Makes the point of an upload (C1–C11). */
export const commit =
  (deps: ServiceDeps): Calls["commit"] =>
  async (requests, context) => {
    using _permit = await deps.manifests.acquire(context.signal);
    const { start, manifestBytes } = await receive(requests);
    const attempt = toAttempt(start.attempt);
    const permission = deps.authorizer.permissionOf(context);
    if (!isAttemptOf(permission, attempt)) throw refused("it is for another attempt");
    const before = await committedAlready(deps, attempt);
    if (before) return { result: { case: "committed", value: toPointSummary(before) } };

    const upload = deps.uploads.require(start.uploadId, permission);
    const outcome = await commitUpload(deps, upload, manifestBytes);
    if (outcome.kind === "heal") {
      return { result: { case: "heal", value: { ranges: outcome.ranges.map(toRangeMessage) } } };
    }
    const { pointId } = outcome.point;
    if (deps.store.absences === outcome.absences) deps.bases.setWhole(pointId, outcome.absences);
    else await judgeNewPoint(deps, outcome.point);
    const healed = await healedBy(deps, upload, outcome.point);
    const point = toPointSummary(deps.catalog.require(pointId));
    return { result: { case: "committed", value: point }, ...(healed ? { healed } : {}) };
  };

/** Judges hurt points again after a commit that stored something (H4); undefined when it had nothing to do with damage. */
const healedBy = async (
  deps: ServiceDeps,
  { counts, heal }: Upload,
  point: CatalogPoint,
): Promise<MessageInitShape<typeof HealedPointsSchema> | undefined> => {
  if (counts.storedChunks + counts.storedPages === 0 && heal.length === 0) return undefined;
  try {
    const { healed, hurt } = await judgeAgain(deps, point);
    if (heal.length + healed.length === 0) return undefined;
    return { ranges: heal.length, healedPoints: healed.length, hurtPoints: hurt.length };
  } catch (err) {
    // The point is committed whatever became of this; the next commit judges them again.
    deps.log.error("hurt points could not be judged again", { point: point.pointId, err });
    return undefined;
  }
};

interface Received {
  readonly start: CommitStart;
  readonly manifestBytes: Uint8Array;
}

/** Joins the pieces of the manifest; memory grows with what arrives, never past the limit (C1). */
const receive = async (requests: AsyncIterable<CommitRequest>): Promise<Received> => {
  let start: CommitStart | undefined;
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const { part } of requests) {
    if (!start) {
      start = toStart(part);
      continue;
    }
    if (part.case !== "manifestPiece")
      throw new HoldfastError("STREAM_REFUSED", "a later message is no piece of a manifest");
    size += part.value.byteLength;
    if (size > start.manifestBytes)
      throw new HoldfastError("INVALID_ARGUMENT", "the manifest is longer than announced");
    pieces.push(part.value);
  }
  if (!start) throw new HoldfastError("STREAM_REFUSED", "the stream of a commit has no first message");
  if (size !== start.manifestBytes)
    throw new HoldfastError("INVALID_ARGUMENT", "the manifest is shorter than announced");
  return { start, manifestBytes: Buffer.concat(pieces) };
};

const toStart = (part: CommitRequest["part"]): CommitStart => {
  if (part.case !== "start")
    throw new HoldfastError("STREAM_REFUSED", "the first message of a commit does not start it");
  if (part.value.manifestBytes > largestManifestBytes) {
    throw new HoldfastError("INVALID_ARGUMENT", `a manifest of ${part.value.manifestBytes} bytes is too large`);
  }
  return part.value;
};
