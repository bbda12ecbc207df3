import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { type ImageEndpoint, placeOf, withoutTicket } from "./image-endpoint.ts";

const untrustedCodes: ReadonlySet<string> = new Set([
  "CERT_HAS_EXPIRED",
  "CERT_NOT_YET_VALID",
  "CERT_SIGNATURE_FAILURE",
  "CERT_UNTRUSTED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "HOSTNAME_MISMATCH",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

/** What broke below HTTP: ENGINE_UNTRUSTED for a certificate that the anchor did not sign, else UNAVAILABLE. */
export const toConnectionFault = (caught: unknown, endpoint: ImageEndpoint): HoldfastError => {
  if (caught instanceof HoldfastError) return caught;
  const place = placeOf(endpoint);
  const code = codeOf(caught);
  if (untrustedCodes.has(code)) {
    return new HoldfastError(
      "ENGINE_UNTRUSTED",
      `the certificate of ${place} does not match the pinned anchor: ${code}`,
      { cause: caught },
    );
  }
  return new HoldfastError("UNAVAILABLE", `the connection to ${place} broke: ${code}`, { cause: caught });
};

/**
 * What a status other than success means. UNAVAILABLE is worth one new connection: a connection whose NBD server has died
 * answers 500 for good.
 */
export const toStatusFault = (status: number, text: string, endpoint: ImageEndpoint): HoldfastError => {
  const words = `imageio answered ${status}: ${withoutTicket(text.trim(), endpoint)}`;
  if (status === 403) return new HoldfastError("TICKET_REFUSED", words);
  if (status >= 500) return new HoldfastError("UNAVAILABLE", words, { details: { status } });
  return new HoldfastError("DISK_READ_FAILED", words, { details: { status } });
};

const codeOf = (caught: unknown): string => {
  if (caught instanceof Error && "code" in caught && typeof caught.code === "string") return caught.code;
  return caught instanceof Error ? caught.name : "unknown";
};
