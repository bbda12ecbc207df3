import { agentCodes } from "./agent-codes.ts";
import type { CodeTraits } from "./code-traits.ts";
import { engineCodes } from "./engine-codes.ts";
import { identityCodes } from "./identity-codes.ts";
import { keyCodes } from "./key-codes.ts";
import { recoveryCodes } from "./recovery-codes.ts";
import { repositoryCodes } from "./repository-codes.ts";

/** Every error code of Holdfast. A code is never reused for another meaning. */
export const errorCodes = {
  INTERNAL: {
    meaning: "a bug of ours: the log has the stack",
    retryable: false,
    grpc: "INTERNAL",
    exit: 70,
    advice: "report it with the log line of this moment",
  },
  INVALID_ARGUMENT: {
    meaning: "a request or option makes no sense",
    retryable: false,
    grpc: "INVALID_ARGUMENT",
    exit: 64,
  },
  NOT_FOUND: { meaning: "what the request names does not exist", retryable: false, grpc: "NOT_FOUND", exit: 66 },
  ALREADY_EXISTS: {
    meaning: "something of that name or id exists already",
    retryable: false,
    grpc: "ALREADY_EXISTS",
    exit: 73,
  },
  FAILED_PRECONDITION: {
    meaning: "the object is not in a state that allows this",
    retryable: false,
    grpc: "FAILED_PRECONDITION",
    exit: 65,
  },
  CANCELLED: { meaning: "someone asked to end it", retryable: false, grpc: "CANCELLED", exit: 130 },
  TIMEOUT: { meaning: "it took longer than allowed", retryable: true, grpc: "DEADLINE_EXCEEDED", exit: 75 },
  UNAVAILABLE: { meaning: "the other side cannot be reached now", retryable: true, grpc: "UNAVAILABLE", exit: 69 },
  NOT_APPLICABLE: {
    meaning: "the word means something else or nothing here",
    retryable: false,
    grpc: "INVALID_ARGUMENT",
    exit: 64,
  },
  ILLEGAL_TRANSITION: {
    meaning: "a state may not follow another",
    retryable: false,
    grpc: "FAILED_PRECONDITION",
    exit: 70,
  },
  CONFIG_INVALID: {
    meaning: "the configuration has problems; all are listed",
    retryable: false,
    grpc: "FAILED_PRECONDITION",
    exit: 78,
  },
  ...identityCodes,
  ...recoveryCodes,
  SCHEMA_TOO_NEW: {
    meaning: "a stored value was written by a newer version",
    retryable: false,
    grpc: "FAILED_PRECONDITION",
    exit: 65,
    advice: "use the newer version, or one newer still",
  },
  MESSAGE_TOO_LARGE: {
    meaning: "a message is larger than the wire allows",
    retryable: false,
    grpc: "RESOURCE_EXHAUSTED",
    exit: 65,
  },
  UNIMPLEMENTED: {
    meaning: "the other side does not know this request",
    retryable: false,
    grpc: "UNIMPLEMENTED",
    exit: 76,
    advice: "check that all parts run the same version",
  },
  IO_FAILED: { meaning: "reading or writing a file failed", retryable: false, grpc: "INTERNAL", exit: 74 },
  ...engineCodes,
  ...agentCodes,
  ...repositoryCodes,
  ...keyCodes,
  STREAM_REFUSED: {
    meaning: "a peer broke the rules of a data stream",
    retryable: false,
    grpc: "INVALID_ARGUMENT",
    exit: 76,
  },
} as const satisfies Record<string, CodeTraits>;

/** A stable name of what went wrong: what callers match on. */
export type ErrorCode = keyof typeof errorCodes;

/** The row of a code; the literal types of the table widened to the interface. */
export const traitsOf = (code: ErrorCode): CodeTraits => errorCodes[code];

/** True for a string that is one of ours, such as one read from a trailer of another version. */
export const isErrorCode = (value: string): value is ErrorCode => Object.hasOwn(errorCodes, value);
