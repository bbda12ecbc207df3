import { ErrorCode, NatsError } from "nats";
import { HoldfastError } from "../errors/holdfast-error.ts";

const noResponders: string = ErrorCode.NoResponders;
const timedOut: string = ErrorCode.Timeout;
const tooLarge: string = ErrorCode.MaxPayloadExceeded;
const badSubject: string = ErrorCode.BadSubject;
const notAllowed: string = ErrorCode.PermissionsViolation;

/** What a failed operation of the bus means; `wasOutOfReach` says whether the connection was lost meanwhile. */
export const fromNatsError = (caught: unknown, subject: string, wasOutOfReach: boolean): HoldfastError => {
  if (caught instanceof HoldfastError) return caught;
  const parts = { details: { subject }, cause: caught };
  if (!(caught instanceof NatsError)) return new HoldfastError("INTERNAL", `${subject}: ${String(caught)}`, parts);

  switch (caught.code) {
    case noResponders:
      return new HoldfastError("UNAVAILABLE", `nobody answers ${subject}`, parts);
    case timedOut:
      return wasOutOfReach
        ? new HoldfastError("UNAVAILABLE", `the bus was out of reach while ${subject} was asked`, parts)
        : new HoldfastError("TIMEOUT", `no answer to ${subject} in time`, parts);
    case tooLarge:
      return new HoldfastError("MESSAGE_TOO_LARGE", `too large for the bus: ${subject}`, parts);
    case notAllowed:
      return new HoldfastError("PERMISSION_DENIED", `the bus does not let this process use ${subject}`, parts);
    case badSubject:
      return new HoldfastError("INVALID_ARGUMENT", `not a subject: ${subject}`, parts);
    default:
      return new HoldfastError("UNAVAILABLE", `the bus failed at ${subject}: ${caught.code}`, parts);
  }
};
