import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";

/** Codes with which TLS says that the other side is not who it should be; Node's own and OpenSSL's names. */
const untrusted =
  /^(CERT_|CRL_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO_SELF_SIGNED|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH|ERR_TLS_CERT_ALTNAME)/;

/** Codes that say that nothing of the request can have arrived. */
const notSent: readonly string[] = [
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
];

/** The system's code of something thrown by a connection, looked for along its causes. */
export const systemCodeOf = (caught: unknown): string | undefined => {
  for (let error = caught, depth = 0; error instanceof Error && depth < 5; error = error.cause, depth += 1) {
    if ("code" in error && typeof error.code === "string") return error.code;
    if (error instanceof AggregateError) return systemCodeOf(error.errors[0]);
  }
  return undefined;
};

/** The error of a connection that broke or never came to be: ENGINE_UNTRUSTED or ENGINE_UNREACHABLE. */
export const errorOfConnection = (caught: unknown, origin: string): HoldfastError => {
  const systemCode = systemCodeOf(caught) ?? "unknown";
  const details = { origin, systemCode };
  if (untrusted.test(systemCode)) {
    const message = `the certificate of ${origin} does not fit the pinned anchor (${systemCode})`;
    return new HoldfastError("ENGINE_UNTRUSTED", message, { details, cause: caught });
  }
  return new HoldfastError("ENGINE_UNREACHABLE", `no answer from ${origin} (${systemCode})`, {
    details,
    cause: caught,
  });
};

/** True for an ENGINE_UNREACHABLE after which a request can be repeated whatever it does: it was never sent. */
export const wasNotSent = (error: HoldfastError): boolean => {
  const code = error.details["systemCode"];
  return typeof code === "string" && notSent.includes(code);
};
