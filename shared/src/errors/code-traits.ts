/** The gRPC status names that codes map to; `shared/rpc` turns them into numbers. */
export type GrpcStatus =
  | "CANCELLED"
  | "INVALID_ARGUMENT"
  | "DEADLINE_EXCEEDED"
  | "NOT_FOUND"
  | "ALREADY_EXISTS"
  | "PERMISSION_DENIED"
  | "RESOURCE_EXHAUSTED"
  | "FAILED_PRECONDITION"
  | "ABORTED"
  | "UNIMPLEMENTED"
  | "INTERNAL"
  | "UNAVAILABLE"
  | "DATA_LOSS"
  | "UNAUTHENTICATED";

/** One row of the table of codes: everything that a code implies. */
export interface CodeTraits {
  /** One sentence for the operator: what the code says. */
  readonly meaning: string;
  /** True when the same request may succeed later without anyone acting. */
  readonly retryable: boolean;
  readonly grpc: GrpcStatus;
  /** Exit code of a command that ends with it; the numbers follow BSD's sysexits.h. */
  readonly exit: number;
  /** What an operator does about it; the CLI prints it under the message. */
  readonly advice?: string;
}
