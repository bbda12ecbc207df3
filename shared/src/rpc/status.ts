import { Metadata, type ServiceError, status as grpcStatus } from "@grpc/grpc-js";
import { type ErrorCode, isErrorCode, traitsOf } from "../errors/codes.ts";
import { type ErrorDetails, HoldfastError } from "../errors/holdfast-error.ts";
import { parseDetails } from "../errors/parse-details.ts";

const codeTrailer = "error-code";
const detailsTrailer = "error-details-bin";
/** HTTP/2 peers may refuse more than 8 KiB of headers in all; an error that long has lost its reader anyway. */
const maxTextLength = 2_048;
const maxDetailsBytes = 3_072;

/** How a call ends on the wire. */
export interface WireStatus {
  readonly code: number;
  readonly details: string;
  readonly metadata: Metadata;
}

/** The gRPC status of one of our errors: its code and details travel in trailers, its cause stays here. */
export const toWireStatus = (error: HoldfastError): WireStatus => {
  const metadata = new Metadata();
  metadata.set(codeTrailer, error.code);
  const details = Buffer.from(JSON.stringify(error.details));
  if (details.length > 2 && details.length <= maxDetailsBytes) metadata.set(detailsTrailer, details);
  return { code: grpcStatus[traitsOf(error.code).grpc], details: error.message.slice(0, maxTextLength), metadata };
};

/** The error that a failed call stands for: the one that the server threw, or what the transport says. */
export const fromServiceError = (failure: ServiceError, method: string): HoldfastError => {
  const [sent] = failure.metadata.get(codeTrailer);
  const code = typeof sent === "string" && isErrorCode(sent) ? sent : codeWithoutTrailer(failure);
  const text = failure.details === "" ? "no reason given" : failure.details;
  const message = sent === undefined ? `${method}: ${text}` : text;
  return new HoldfastError(code, message, { details: detailsOf(failure.metadata), cause: failure });
};

/**
 * A status without our trailer was set by the transport or by a stranger. A call that nobody here cancelled and that yet
 * ended as cancelled, internal or unknown lost its connection: the reset's code depends on how the peer died.
 */
const codeWithoutTrailer = ({ code, details }: ServiceError): ErrorCode =>
  untrusted.test(details) ? "PEER_UNTRUSTED" : (codeByStatus.get(code) ?? "UNAVAILABLE");

/** How a connection fails whose server is not believed: in our words, or in OpenSSL's. */
const untrusted =
  /PEER_UNTRUSTED: |self-signed certificate|unable to (?:verify|get local issuer)|certificate has expired/;

const codeByStatus = new Map<number, ErrorCode>([
  [grpcStatus.DEADLINE_EXCEEDED, "TIMEOUT"],
  [grpcStatus.RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE"],
  [grpcStatus.UNIMPLEMENTED, "UNIMPLEMENTED"],
  [grpcStatus.INVALID_ARGUMENT, "INVALID_ARGUMENT"],
  [grpcStatus.OUT_OF_RANGE, "INVALID_ARGUMENT"],
  [grpcStatus.NOT_FOUND, "NOT_FOUND"],
  [grpcStatus.ALREADY_EXISTS, "ALREADY_EXISTS"],
  [grpcStatus.FAILED_PRECONDITION, "FAILED_PRECONDITION"],
  [grpcStatus.PERMISSION_DENIED, "PERMISSION_DENIED"],
  [grpcStatus.UNAUTHENTICATED, "UNAUTHENTICATED"],
]);

const detailsOf = (metadata: Metadata): ErrorDetails => {
  const [sent] = metadata.get(detailsTrailer);
  return sent instanceof Buffer ? parseDetails(sent.toString()) : {};
};
