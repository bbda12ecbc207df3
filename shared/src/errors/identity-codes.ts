import type { CodeTraits } from "./code-traits.ts";

/** Codes of who may do what: certificates, tokens, versions. */
export const identityCodes = {
  UNAUTHENTICATED: {
    meaning: "the caller did not prove who it is",
    retryable: false,
    grpc: "UNAUTHENTICATED",
    exit: 77,
    advice: "give --token-file FILE or HOLDFAST_TOKEN_FILE; holdfast token create makes tokens",
  },
  PERMISSION_DENIED: {
    meaning: "the caller is known, and may not do this",
    retryable: false,
    grpc: "PERMISSION_DENIED",
    exit: 77,
    advice: "use a token of a role that may",
  },
  TOKEN_REFUSED: {
    meaning: "a task token is forged, expired, or does not allow this",
    retryable: false,
    grpc: "PERMISSION_DENIED",
    exit: 77,
  },
  JOIN_REFUSED: {
    meaning: "a join token is none, is unknown, was used, or has expired",
    retryable: false,
    grpc: "UNAUTHENTICATED",
    exit: 77,
    advice: "make a new one: holdfast agent invite, holdfast repository invite",
  },
  IDENTITY_MISSING: {
    meaning: "a process has neither an identity nor a join token to get one",
    retryable: false,
    grpc: "FAILED_PRECONDITION",
    exit: 78,
    advice: "give it a join token, or run holdfast init for a controller",
  },
  IDENTITY_REVOKED: {
    meaning: "a certificate was revoked by an operator",
    retryable: false,
    grpc: "UNAUTHENTICATED",
    exit: 77,
    advice: "invite it again if that was a mistake",
  },
  PEER_UNTRUSTED: {
    meaning: "the other side is not of this installation, or is another than expected",
    retryable: false,
    grpc: "FAILED_PRECONDITION",
    exit: 77,
  },
  CONTROLLER_OUTDATED: {
    meaning: "the controller knows fewer revocations than were seen before: it was put back to an earlier state",
    retryable: false,
    grpc: "FAILED_PRECONDITION",
    exit: 65,
    advice: "put back the newest copy of the controller's identity folder",
  },
  VERSION_UNSUPPORTED: {
    meaning: "two parts are more than one minor version apart",
    retryable: false,
    grpc: "FAILED_PRECONDITION",
    exit: 76,
    advice: "bring both to versions at most one minor version apart",
  },
} as const satisfies Record<string, CodeTraits>;
