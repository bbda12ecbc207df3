import { agentCodes } from "./agent-codes.ts";
import type { CodeTraits } from "./code-traits.ts";
import { identityCodes } from "./identity-codes.ts";
import { keyCodes } from "./key-codes.ts";
import { recoveryCodes } from "./recovery-codes.ts";

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

  ENGINE_CREDENTIALS_REFUSED: {
    meaning: "the oVirt Manager refused the user name or password; it is not tried again by itself",
    retryable: false,
    grpc: "UNAUTHENTICATED",
    exit: 77,
    advice: "holdfast manager edit NAME --password-file FILE",
  },
  ENGINE_UNTRUSTED: {
    meaning: "a certificate of the manager or its hosts does not match the pinned anchor",
    retryable: false,
    grpc: "FAILED_PRECONDITION",
    exit: 77,
    advice: "compare the fingerprint; if it is right, add the anchor with manager edit --api-ca or --imageio-ca",
  },
  ENGINE_UNREACHABLE: {
    meaning: "the oVirt Manager cannot be reached or answers with a gateway error",
    retryable: true,
    grpc: "UNAVAILABLE",
    exit: 69,
    advice: "check the address with holdfast manager test NAME",
  },
  ENGINE_FAULT: {
    meaning: "the oVirt Manager refused a request; its words are in the message",
    retryable: false,
    grpc: "FAILED_PRECONDITION",
    exit: 65,
  },
  ENGINE_CONFLICT: { meaning: "the object is busy on the engine", retryable: true, grpc: "ABORTED", exit: 75 },
  ENGINE_FORBIDDEN: {
    meaning: "the manager's user lacks a right on the engine",
    retryable: false,
    grpc: "PERMISSION_DENIED",
    exit: 77,
    advice: "give the user the rights that docs/operations/requirements.md lists",
  },
  ENGINE_PROTOCOL: {
    meaning: "the oVirt Manager answered something that is not in its contract",
    retryable: false,
    grpc: "INTERNAL",
    exit: 76,
  },
  SECRET_UNREADABLE: {
    meaning: "a sealed password does not open with this installation's key file",
    retryable: false,
    grpc: "FAILED_PRECONDITION",
    exit: 78,
    advice: "put the right key file back, or give the password again with manager edit",
  },
  VM_NOT_FOUND: { meaning: "the manager has no such VM", retryable: false, grpc: "NOT_FOUND", exit: 66 },
  VM_STATE_UNFIT: {
    meaning: "the VM is in a state that cannot be backed up; it must be up or down",
    retryable: true,
    grpc: "FAILED_PRECONDITION",
    exit: 75,
  },
  VM_BUSY: { meaning: "another task works on this VM", retryable: true, grpc: "ABORTED", exit: 75 },
  NOTHING_TO_BACK_UP: {
    meaning: "no disk of the VM can be or is chosen to be backed up",
    retryable: false,
    grpc: "FAILED_PRECONDITION",
    exit: 65,
  },
  CAPTURE_FAILED: { meaning: "the engine could not freeze the disks", retryable: true, grpc: "ABORTED", exit: 75 },
  CHECKPOINT_UNUSABLE: {
    meaning: "the engine does not have the checkpoint or calls it invalid",
    retryable: false,
    grpc: "FAILED_PRECONDITION",
    exit: 65,
  },
  TRANSFER_FAILED: { meaning: "an image transfer broke or never started", retryable: true, grpc: "ABORTED", exit: 75 },
  DISK_READ_FAILED: { meaning: "reading a snapshot disk failed", retryable: true, grpc: "ABORTED", exit: 74 },
  DISK_WRITE_FAILED: { meaning: "writing a restored disk failed", retryable: true, grpc: "ABORTED", exit: 74 },
  TICKET_REFUSED: {
    meaning: "imageio no longer accepts the ticket",
    retryable: true,
    grpc: "PERMISSION_DENIED",
    exit: 77,
  },
  NO_ROUTE_TO_DISK: {
    meaning: "no agent can reach the host that serves the disk",
    retryable: true,
    grpc: "UNAVAILABLE",
    exit: 69,
    advice: "open port 54322 of the host to an agent, or deploy an agent that reaches it",
  },
  NBD_PROTOCOL: {
    meaning: "an NBD server answered outside the protocol",
    retryable: false,
    grpc: "INTERNAL",
    exit: 76,
  },

  ...agentCodes,

  REPOSITORY_UNREACHABLE: {
    meaning: "the repository cannot be reached",
    retryable: true,
    grpc: "UNAVAILABLE",
    exit: 69,
    advice: "holdfast repository show NAME",
  },
  REPOSITORY_FULL: {
    meaning: "the repository is below its low-water mark or its disk is full",
    retryable: true,
    grpc: "RESOURCE_EXHAUSTED",
    exit: 75,
    advice: "remove points or add space",
  },
  REPOSITORY_NOT_OWNED: {
    meaning: "another server owns the repository now",
    retryable: false,
    grpc: "FAILED_PRECONDITION",
    exit: 75,
  },
  REPOSITORY_DAMAGED: {
    meaning: "an object of the repository is damaged",
    retryable: false,
    grpc: "DATA_LOSS",
    exit: 65,
  },
  REPOSITORY_MISMATCH: {
    meaning: "this is not the repository that was meant",
    retryable: false,
    grpc: "FAILED_PRECONDITION",
    exit: 65,
  },
  REPOSITORY_BUSY: {
    meaning: "another collection works on this repository",
    retryable: true,
    grpc: "ABORTED",
    exit: 75,
  },
  FEATURE_UNSUPPORTED: {
    meaning: "the repository uses a feature that this version does not know for this operation",
    retryable: false,
    grpc: "UNIMPLEMENTED",
    exit: 65,
  },
  UPLOAD_UNKNOWN: { meaning: "no such upload is open; open it again", retryable: true, grpc: "NOT_FOUND", exit: 75 },
  READING_UNKNOWN: { meaning: "no such reading is open; open it again", retryable: true, grpc: "NOT_FOUND", exit: 75 },
  RECORD_REJECTED: {
    meaning: "a record's bytes do not match its checksum, length or id",
    retryable: false,
    grpc: "INVALID_ARGUMENT",
    exit: 65,
  },
  CHUNK_MISSING: {
    meaning: "a reference names a chunk or page that the repository has not got",
    retryable: true,
    grpc: "FAILED_PRECONDITION",
    exit: 65,
  },
  CHUNK_DAMAGED: {
    meaning: "stored bytes do not match their checksum or id",
    retryable: false,
    grpc: "DATA_LOSS",
    exit: 65,
  },
  BYTES_UNBALANCED: {
    meaning: "planned bytes differ from zero + unchanged + deduplicated + stored",
    retryable: false,
    grpc: "FAILED_PRECONDITION",
    exit: 70,
  },
  STORE_UNREACHABLE: {
    meaning: "the object storage cannot be reached, or asks to be left alone for a while",
    retryable: true,
    grpc: "UNAVAILABLE",
    exit: 69,
    advice: "check the endpoint, the network and the storage's own state",
  },
  STORE_DENIED: {
    meaning: "the storage refuses us: credentials, rights or clock",
    retryable: false,
    grpc: "PERMISSION_DENIED",
    exit: 77,
    advice: "compare the rights with those that docs/operations/object-storage.md lists",
  },
  STORE_UNFIT: {
    meaning: "the object storage lacks something that a repository relies on",
    retryable: false,
    grpc: "FAILED_PRECONDITION",
    exit: 65,
    advice: "use another storage, or read about soleWriter in docs/operations/object-storage.md",
  },
  OBJECT_LOCKED: {
    meaning: "an object may not be removed before its time",
    retryable: false,
    grpc: "FAILED_PRECONDITION",
    exit: 65,
  },
  POINT_NOT_FOUND: { meaning: "no such restore point", retryable: false, grpc: "NOT_FOUND", exit: 66 },
  POINT_HURT: { meaning: "the point has known damage", retryable: false, grpc: "DATA_LOSS", exit: 65 },
  BELOW_FLOOR: {
    meaning: "the removal would leave fewer good points of the VM than the floor",
    retryable: false,
    grpc: "FAILED_PRECONDITION",
    exit: 65,
    advice: "point remove --below-floor, if you mean it",
  },
  ...keyCodes,
  POINT_IMMUTABLE: {
    meaning: "nobody may remove the point, or make it immutable for less, before its time",
    retryable: false,
    grpc: "FAILED_PRECONDITION",
    exit: 65,
    advice: "point show POINT names the time",
  },
  POINT_PROTECTED: {
    meaning: "an operator protected the point from being removed",
    retryable: false,
    grpc: "FAILED_PRECONDITION",
    exit: 65,
    advice: "point unprotect POINT",
  },
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
