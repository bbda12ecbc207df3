import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import { HoldfastError } from "../errors/holdfast-error.ts";
import type { CertifiedKey } from "../identity/certificates.ts";

/** Refuses an operator's own authority that cannot be one: CONFIG_INVALID unless it is a CA, is valid, and the key is its own. */
export const checkAuthority = ({ certificatePem, keyPem }: CertifiedKey, nowMs: number): void => {
  const certificate = parse("the certificate", () => new X509Certificate(certificatePem));
  const key = parse("the key", () => createPrivateKey(keyPem));
  if (!certificate.ca) throw refused("the certificate is not one of a certificate authority");
  if (!certificate.publicKey.equals(createPublicKey(key))) throw refused("the key is not the certificate's");
  if (certificate.validToDate.getTime() <= nowMs) throw refused("the certificate has expired");
  const isKnown = key.asymmetricKeyType === "rsa" || key.asymmetricKeyType === "ec";
  if (!isKnown) throw refused("the key is neither RSA nor on an elliptic curve");
};

/** When an authority ends: nothing that it signs may outlive it. */
export const authorityEndMs = (certificatePem: string): number =>
  new X509Certificate(certificatePem).validToDate.getTime();

const parse = <T>(what: string, read: () => T): T => {
  try {
    return read();
  } catch (cause) {
    throw refused(`${what} cannot be read`, cause);
  }
};

const refused = (why: string, cause?: unknown): HoldfastError =>
  new HoldfastError("CONFIG_INVALID", `the authority cannot be used: ${why}`, cause === undefined ? {} : { cause });
