import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  randomBytes,
  webcrypto,
  X509Certificate,
} from "node:crypto";
import type * as X509 from "@peculiar/x509";
import { toDate } from "../clock/dates.ts";
import { HoldfastError } from "../errors/holdfast-error.ts";
import { type PeerName, peerNameIn, toPeerUri } from "./peer-name.ts";

/** What writes certificates is the slowest of all to load, and most processes and threads never write one. */
const loadX509 = async (): Promise<typeof X509> => {
  await import("reflect-metadata");
  const x509 = await import("@peculiar/x509");
  x509.cryptoProvider.set(webcrypto as never);
  return x509;
};

/** Everything of ours is signed with this: small, fast, and known to every TLS library. */
const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/** Clocks of joiners may be behind ours by this much before a fresh certificate looks to them like one of tomorrow. */
export const backdatedMs = 3_600_000;

/** A certificate with the key that belongs to it, both PEM. */
export interface CertifiedKey {
  readonly certificatePem: string;
  readonly keyPem: string;
}

/** How long something signed is valid, from now. */
export interface Validity {
  readonly nowMs: number;
  readonly lifeMs: number;
}

/** Makes a certificate authority of its own: P-256, self-signed, for certificates of an installation only (path length 0). */
export const makeAuthority = async (commonName: string, validity: Validity): Promise<CertifiedKey> => {
  const x509 = await loadX509();
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...datesOf(validity),
    serialNumber: newSerial(),
    name: `CN=${escapeName(commonName)}`,
    keys: keys as never,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificatePem: `${certificate.toString("pem")}\n`, keyPem: await toKeyPem(keys.privateKey) };
};

/** A key that was just made, with the request to certify it. The key never leaves the process that makes it. */
export interface KeyRequest {
  readonly keyPem: string;
  /** PKCS #10, PEM. */
  readonly requestPem: string;
}

/** Makes a key and a signing request for it; what the certificate says is decided by who signs. */
export const requestCertificate = async (): Promise<KeyRequest> => {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  return { keyPem: await toKeyPem(keys.privateKey), requestPem: await signRequest(keys.privateKey, keys.publicKey) };
};

/** A signing request for a key that exists: a renewal keeps its key, since tokens are bound to it. */
export const requestRenewal = async (keyPem: string): Promise<string> => {
  const key = createPrivateKey(keyPem);
  return await signRequest(toCryptoKey(key, ["sign"]), toCryptoKey(createPublicKey(key), ["verify"]));
};

/** What a certificate is to say. */
export interface CertificateWish extends Validity {
  /** Checked: the request proves possession of its key. */
  readonly requestPem: string;
  readonly name: PeerName;
  readonly commonName: string;
  /** Host names and addresses, for tools that check those; ours check the name. */
  readonly hostNames?: readonly string[];
}

/** Signs a request: the chain (leaf, then authority) as PEM. INVALID_ARGUMENT when the request is not one, or is not signed by its key. */
export const signCertificate = async (authority: CertifiedKey, wish: CertificateWish): Promise<string> => {
  const x509 = await loadX509();
  const request = await parseRequest(wish.requestPem);
  const issuer = new x509.X509Certificate(authority.certificatePem);
  const key = createPrivateKey(authority.keyPem);
  const certificate = await x509.X509CertificateGenerator.create({
    ...datesOf(wish),
    serialNumber: newSerial(),
    subject: `CN=${escapeName(wish.commonName)}`,
    issuer: issuer.subject,
    publicKey: request.publicKey,
    signingKey: toCryptoKey(key, ["sign"]) as never,
    signingAlgorithm: signingAlgorithmOf(key) as never,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
      new x509.SubjectAlternativeNameExtension([
        { type: "url", value: toPeerUri(wish.name) },
        ...(wish.hostNames ?? []).map(
          (host) => ({ type: /^[\d.]+$|:/.test(host) ? "ip" : "dns", value: host }) as const,
        ),
      ]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return `${certificate.toString("pem")}\n${authority.certificatePem}`;
};

/** What is read from a certificate of ours. */
export interface CertificateFacts {
  readonly name: PeerName;
  /** Upper-case hexadecimal. */
  readonly serial: string;
  /** SHA-256 of the public key, base64url: stays over renewals, which keep the key. */
  readonly keyId: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** Reads a certificate (the first of a chain); INVALID_ARGUMENT when it is none of ours. */
export const readCertificate = (certificate: string | Uint8Array): CertificateFacts => {
  const parsed = parseCertificate(certificate);
  const name = peerNameIn(parsed.subjectAltName);
  if (name === undefined)
    throw new HoldfastError("INVALID_ARGUMENT", "a certificate without a name of an installation");
  return {
    name,
    serial: parsed.serialNumber.toUpperCase(),
    keyId: keyIdOf(parsed.publicKey),
    notBeforeMs: parsed.validFromDate.getTime(),
    notAfterMs: parsed.validToDate.getTime(),
  };
};

/** The first certificate of a chain: what its holder is known by, where the authority is known. */
export const leafOf = (chainPem: string): string => parseCertificate(chainPem).toString();

/** SHA-256 of a public key's SPKI form, base64url. */
export const keyIdOf = (publicKey: KeyObject): string =>
  sha256(publicKey.export({ type: "spki", format: "der" })).toString("base64url");

/** The key that a signing request asks a certificate for, as that will name it (`keyIdOf`); INVALID_ARGUMENT when it is no request. */
export const keyIdOfRequest = async (requestPem: string): Promise<string> => {
  const x509 = await loadX509();
  try {
    const spki = Buffer.from(new x509.Pkcs10CertificateRequest(requestPem).publicKey.rawData);
    return keyIdOf(createPublicKey({ key: spki, format: "der", type: "spki" }));
  } catch (cause) {
    throw new HoldfastError("INVALID_ARGUMENT", "not a certificate request", { cause });
  }
};

/** SHA-256 of a certificate's DER form, lower-case hexadecimal: what a join token pins. */
export const fingerprintOf = (certificate: string | Uint8Array): string =>
  parseCertificate(certificate).fingerprint256.replaceAll(":", "").toLowerCase();

/** True when `certificate` (the first of a chain) was signed by the key of this authority. */
export const isSignedBy = (certificate: string | Uint8Array, authorityPem: string): boolean =>
  parseCertificate(certificate).verify(parseCertificate(authorityPem).publicKey);

const parseCertificate = (certificate: string | Uint8Array): X509Certificate => {
  try {
    return new X509Certificate(certificate);
  } catch (cause) {
    throw new HoldfastError("INVALID_ARGUMENT", "not a certificate", { cause });
  }
};

const parseRequest = async (requestPem: string): Promise<X509.Pkcs10CertificateRequest> => {
  const x509 = await loadX509();
  try {
    const request = new x509.Pkcs10CertificateRequest(requestPem);
    if (await request.verify()) return request;
  } catch (cause) {
    throw new HoldfastError("INVALID_ARGUMENT", "not a certificate request", { cause });
  }
  throw new HoldfastError("INVALID_ARGUMENT", "the certificate request is not signed by its own key");
};

const signRequest = async (privateKey: webcrypto.CryptoKey, publicKey: webcrypto.CryptoKey): Promise<string> => {
  const x509 = await loadX509();
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: "CN=holdfast",
    keys: { privateKey, publicKey } as never,
    signingAlgorithm: algorithm,
  });
  return `${request.toString("pem")}\n`;
};

const datesOf = ({ nowMs, lifeMs }: Validity) => ({
  notBefore: toDate(nowMs - backdatedMs),
  notAfter: toDate(nowMs + lifeMs),
});

/** 16 random bytes, positive as X.509 wants it. */
const newSerial = (): string => {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString("hex");
};

const escapeName = (text: string): string => text.replaceAll(/[^\w .@:-]/g, "_").slice(0, 64);

/** An authority of the operator's own may have an RSA key or another curve. */
const signingAlgorithmOf = (
  key: KeyObject,
): { readonly name: string; readonly hash: string; readonly namedCurve?: string } => {
  if (key.asymmetricKeyType === "rsa") return { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  const curves: Readonly<Record<string, string>> = { prime256v1: "P-256", secp384r1: "P-384", secp521r1: "P-521" };
  const namedCurve = curves[key.asymmetricKeyDetails?.namedCurve ?? ""];
  if (key.asymmetricKeyType === "ec" && namedCurve !== undefined) return { name: "ECDSA", hash: "SHA-256", namedCurve };
  throw new HoldfastError("CONFIG_INVALID", "the authority's key is neither RSA nor on a curve P-256, P-384 or P-521");
};

const toCryptoKey = (key: KeyObject, usages: readonly ("sign" | "verify")[]): webcrypto.CryptoKey =>
  key.toCryptoKey(signingAlgorithmOf(key), true, [...usages]);

const toKeyPem = async (key: webcrypto.CryptoKey): Promise<string> => {
  const der = await webcrypto.subtle.exportKey("pkcs8", key);
  return createPrivateKey({ key: Buffer.from(der), format: "der", type: "pkcs8" })
    .export({ type: "pkcs8", format: "pem" })
    .toString();
};

const sha256 = (bytes: Uint8Array): Buffer => createHash("sha256").update(bytes).digest();
