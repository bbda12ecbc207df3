import type { PeerCertificate } from "node:tls";
import { type CertificateFacts, readCertificate } from "../identity/certificates.ts";

/** Who makes a call, by the certificate of its connection. */
export type Caller = CertificateFacts;

/** Certificates that were read lately, by fingerprint: reading one costs more than a small call. */
const read = new Map<string, Caller>();
const mostRead = 1_024;

/** The caller in a connection's certificate; undefined for none, or for one that names nobody of an installation. */
export const callerOf = (certificate: PeerCertificate | undefined): Caller | undefined => {
  if (certificate?.raw === undefined) return undefined;
  const known = read.get(certificate.fingerprint256);
  if (known !== undefined) return known;
  try {
    const caller = readCertificate(certificate.raw);
    if (read.size >= mostRead) read.clear();
    read.set(certificate.fingerprint256, caller);
    return caller;
  } catch {
    return undefined;
  }
};
