import type {
  BaseDisk,
  CommitResponse,
  DiskRange,
  OpenUploadRequestSchema,
  OpenUploadResponse,
  PointSummary,
} from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { type ChunkSize, parseChunkSize } from "@holdfast/shared/format/chunk-size";
import { holdStream } from "@holdfast/shared/rpc/hold-stream";
import type { RepositoryCalls } from "./repository-access.ts";

/** An upload that is held open. Disposing it ends it at the repository. */
export interface Upload extends AsyncDisposable {
  readonly uploadId: string;
  readonly chunkSize: ChunkSize;
  readonly baseDisks: readonly BaseDisk[];
  /** Ranges of the base that must be read again. */
  readonly heal: readonly DiskRange[];
  /** Aborts when the repository ended the upload, with its reason, such as ATTEMPT_FENCED. */
  readonly ended: AbortSignal;
}

/** What an attempt to open gives: an upload, or the point that the task has committed already. */
export type OpenedUpload =
  | { readonly state: "open"; readonly upload: Upload }
  | { readonly state: "committed"; readonly point: PointSummary };

/** Opens an upload and holds its stream until it is disposed. */
export const openUpload = async (
  calls: RepositoryCalls,
  request: MessageInitShape<typeof OpenUploadRequestSchema>,
  signal: AbortSignal,
): Promise<OpenedUpload> => {
  const { first, held } = await holdStream<OpenUploadResponse>(
    (open) => calls.openUpload(request, { signal: open }),
    signal,
  );
  if (first?.event.case === "opened") {
    const { uploadId, chunkSize, baseDisks, heal } = first.event.value;
    return { state: "open", upload: { uploadId, chunkSize: parseChunkSize(chunkSize), baseDisks, heal, ...held } };
  }
  await held[Symbol.asyncDispose]();
  if (first?.event.case === "committed") return { state: "committed", point: first.event.value };
  throw new HoldfastError("STREAM_REFUSED", "the repository opened no upload");
};

/** Bytes of a manifest in one message. */
const manifestPieceBytes = 128 * 1024;

/** What a commit is asked with. */
export interface CommitRequest {
  readonly uploadId: string;
  readonly attempt: { readonly taskId: string; readonly number: number; readonly attemptId: string };
  readonly manifest: Uint8Array;
}

/** Asks for the commit: a point, or ranges to read again first. */
export const commitUpload = async (
  calls: RepositoryCalls,
  request: CommitRequest,
  signal: AbortSignal,
): Promise<CommitResponse> => {
  const { uploadId, attempt, manifest } = request;
  async function* parts() {
    yield { part: { case: "start" as const, value: { uploadId, attempt, manifestBytes: manifest.byteLength } } };
    for (let from = 0; from < manifest.byteLength; from += manifestPieceBytes) {
      yield { part: { case: "manifestPiece" as const, value: manifest.subarray(from, from + manifestPieceBytes) } };
    }
  }
  return await calls.commit(parts(), { signal });
};
