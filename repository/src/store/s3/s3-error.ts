import { S3ServiceException } from "@aws-sdk/client-s3";
import type { ErrorCode } from "@holdfast/shared/errors/codes";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { toAbortError } from "@holdfast/shared/lifecycle/abort";

/** What the storage says by name, whatever status it says it with. */
const byName: ReadonlyMap<string, ErrorCode> = new Map([
  ["NoSuchKey", "NOT_FOUND"],
  ["NotFound", "NOT_FOUND"],
  ["NoSuchVersion", "NOT_FOUND"],
  ["NoSuchBucket", "STORE_DENIED"],
  ["AccessDenied", "STORE_DENIED"],
  ["InvalidAccessKeyId", "STORE_DENIED"],
  ["SignatureDoesNotMatch", "STORE_DENIED"],
  ["RequestTimeTooSkewed", "STORE_DENIED"],
  ["ExpiredToken", "STORE_DENIED"],
  ["QuotaExceeded", "REPOSITORY_FULL"],
  ["XMinioStorageFull", "REPOSITORY_FULL"],
  ["InsufficientStorage", "REPOSITORY_FULL"],
  ["NotImplemented", "STORE_UNFIT"],
  ["SlowDown", "STORE_UNREACHABLE"],
  ["RequestTimeout", "STORE_UNREACHABLE"],
  ["BadDigest", "STORE_UNREACHABLE"],
  ["ConditionalRequestConflict", "STORE_UNREACHABLE"],
  ["OperationAborted", "STORE_UNREACHABLE"],
]);

const byStatus: ReadonlyMap<number, ErrorCode> = new Map([
  [401, "STORE_DENIED"],
  [403, "STORE_DENIED"],
  [404, "NOT_FOUND"],
  [408, "STORE_UNREACHABLE"],
  [409, "STORE_UNREACHABLE"],
  [429, "STORE_UNREACHABLE"],
  [500, "STORE_UNREACHABLE"],
  [501, "STORE_UNFIT"],
  [502, "STORE_UNREACHABLE"],
  [503, "STORE_UNREACHABLE"],
  [504, "STORE_UNREACHABLE"],
  [507, "REPOSITORY_FULL"],
]);

/** HTTP status of an answer that was a refusal; undefined for anything else. */
export const statusOf = (caught: unknown): number | undefined =>
  caught instanceof S3ServiceException ? caught.$metadata.httpStatusCode : undefined;

/** True when the storage says that the name is taken. */
export const isTaken = (caught: unknown): boolean => statusOf(caught) === 412;

/** True when an object has no lock: storages say so by an error. */
export const isNotLocked = (caught: unknown): boolean =>
  caught instanceof S3ServiceException && caught.name === "NoSuchObjectLockConfiguration";

/**
 * Turns what the SDK threw into an error of ours. Whatever is no answer of the storage (no connection, a broken one, no answer in time)
 * is STORE_UNREACHABLE: nobody knows what became of the request.
 */
export const toS3Error = (caught: unknown, doing: string, signal?: AbortSignal): HoldfastError => {
  if (caught instanceof HoldfastError) return caught;
  if (signal?.aborted === true) return toAbortError(signal.reason);
  const answered = fromAnswer(caught, doing);
  if (answered !== undefined) return answered;
  if (!(caught instanceof Error) || caught instanceof TypeError) {
    return new HoldfastError("IO_FAILED", `${doing} failed`, { cause: caught });
  }
  return fromConnection(caught, doing);
};

const fromAnswer = (caught: unknown, doing: string): HoldfastError | undefined => {
  const status = statusOf(caught);
  if (!(caught instanceof S3ServiceException) || status === undefined) return undefined;
  const code = byName.get(caught.name) ?? byStatus.get(status) ?? "IO_FAILED";
  const message = `${doing} failed: the object storage answered ${status} ${caught.name}`;
  return new HoldfastError(code, message, { cause: caught });
};

const fromConnection = (cause: Error, doing: string): HoldfastError => {
  const why = "code" in cause ? String(cause.code) : cause.name;
  if (untrustedCodes.test(why)) {
    const message = `${doing} failed: the object storage's certificate is not trusted (${why})`;
    return new HoldfastError("STORE_DENIED", message, { cause });
  }
  return new HoldfastError("STORE_UNREACHABLE", `${doing} failed: no answer of the object storage (${why})`, { cause });
};

const untrustedCodes = /^(?:SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_(?:GET|VERIFY)|CERT_|ERR_TLS_CERT|HOSTNAME_MISMATCH)/;
