import { X509Certificate } from "node:crypto";
import { type DetailedPeerCertificate, type TLSSocket, connect } from "node:tls";

import type { Clock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { Agent, request } from "undici";

import { errorOfConnection } from "./connection-failures.ts";
import { enginePath, parseEngineAddress } from "./engine-address.ts";
import { readBounded } from "./read-bounded.ts";

/** A certificate as it is shown before it is trusted. */
export interface CertificateFacts {
  readonly subject: string;
  readonly issuer: string;
  /** Upper-case hexadecimal pairs with colons. */
  readonly sha256Fingerprint: string;
  readonly notAfterMs: number;
  /** Whole days until it ends; negative afterwards. For showing only (R11). */
  readonly daysLeft: number;
  readonly pem: string;
}

/** The two anchors of a manager, looked at and not trusted. */
export interface ProbedAnchors {
  /**
   * What signs the API's certificate: the internal CA when it does, else the last of the chain that the server sent. Servers
   * may send their own certificate alone; then that one is all there is to pin.
   */
  readonly api: CertificateFacts;
  /** The engine's internal CA, which signs hosts and the imageio proxy. */
  readonly imageio: CertificateFacts;
}

/** The longest that looking at one anchor may take. */
const probeMs = 15_000;

/**
 * Looks at a manager's anchors without trusting anyone or logging in; an operator compares the fingerprints.
 * ENGINE_UNREACHABLE when nothing answers, ENGINE_PROTOCOL when it is no engine.
 */
export const probeAnchors = async (url: string, clock: Clock, signal: AbortSignal): Promise<ProbedAnchors> => {
  const { origin, host, port } = parseEngineAddress(url);
  const bounded = AbortSignal.any([signal, clock.timeout(probeMs)]);
  try {
    const top = await lookAtServer({ host, port }, bounded);
    const imageio = await fetchInternalCa(origin, bounded);
    const api = signerOf(top, imageio);
    return { api: certificateFacts(api, clock.nowMs()), imageio: certificateFacts(imageio, clock.nowMs()) };
  } catch (caught) {
    signal.throwIfAborted();
    throw caught instanceof HoldfastError ? caught : errorOfConnection(caught, origin);
  }
};

/**
 * The anchor that an address shows, looked at and not trusted: the internal CA when it signed what the server sends, else the
 * last certificate that the server sends.
 */
export const lookAtApiAnchor = async (url: string, clock: Clock, signal: AbortSignal): Promise<CertificateFacts> => {
  const { origin, host, port } = parseEngineAddress(url);
  const bounded = AbortSignal.any([signal, clock.timeout(probeMs)]);
  const top = await lookAtServer({ host, port }, bounded);
  try {
    return certificateFacts(signerOf(top, await fetchInternalCa(origin, bounded)), clock.nowMs());
  } catch {
    signal.throwIfAborted();
    return certificateFacts(top, clock.nowMs());
  }
};

const signerOf = (top: X509Certificate, internalCa: X509Certificate): X509Certificate =>
  top.checkIssued(internalCa) && top.verify(internalCa.publicKey) ? internalCa : top;

/** Connects to a TLS server and checks it against a pinned anchor: ENGINE_UNTRUSTED, ENGINE_UNREACHABLE, or it is right. */
export const checkServer = async (
  server: { readonly host: string; readonly port: number; readonly anchorPem: string },
  clock: Clock,
  signal: AbortSignal,
): Promise<void> => {
  const { host, port, anchorPem } = server;
  try {
    const options = { ca: anchorPem, allowPartialTrustChain: true, rejectUnauthorized: true };
    using opened = await openTls({ host, port, ...options }, AbortSignal.any([signal, clock.timeout(probeMs)]));
    void opened;
  } catch (caught) {
    signal.throwIfAborted();
    throw errorOfConnection(caught, `https://${host}:${port}`);
  }
};

/** What a PEM certificate says about itself; INVALID_ARGUMENT when it is none. */
export const factsOfPem = (pem: string, nowMs: number): CertificateFacts => certificateFacts(parsePem(pem), nowMs);

const parsePem = (pem: string): X509Certificate => {
  try {
    return new X509Certificate(pem);
  } catch (caught) {
    throw new HoldfastError("INVALID_ARGUMENT", "this is not a certificate in PEM form", { cause: caught });
  }
};

const dayMs = 86_400_000;

const certificateFacts = (certificate: X509Certificate, nowMs: number): CertificateFacts => {
  const notAfterMs = certificate.validToDate.getTime();
  return {
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    sha256Fingerprint: certificate.fingerprint256,
    notAfterMs,
    daysLeft: Math.floor((notAfterMs - nowMs) / dayMs),
    pem: certificate.toString(),
  };
};

const oneLine = (name: string | undefined): string => (name ?? "").split("\n").join(", ");

/** The top certificate of the chain that a server sends, unchecked. */
const lookAtServer = async (
  address: { readonly host: string; readonly port: number },
  signal: AbortSignal,
): Promise<X509Certificate> => {
  using opened = await openTls({ ...address, rejectUnauthorized: false }, signal);
  let top: DetailedPeerCertificate = opened.socket.getPeerCertificate(true);
  // A self-signed root names itself as its issuer.
  for (let depth = 0; depth < 10 && top.issuerCertificate !== undefined; depth += 1) {
    if (top.issuerCertificate.fingerprint256 === top.fingerprint256) break;
    top = top.issuerCertificate;
  }
  if (top.raw === undefined) throw new HoldfastError("ENGINE_PROTOCOL", `${address.host} sent no certificate`);
  return new X509Certificate(top.raw);
};

interface TlsTarget {
  readonly host: string;
  readonly port: number;
  readonly rejectUnauthorized: boolean;
  readonly ca?: string;
  readonly allowPartialTrustChain?: boolean;
}

const openTls = async (
  target: TlsTarget,
  signal: AbortSignal,
): Promise<Disposable & { readonly socket: TLSSocket }> => {
  signal.throwIfAborted();
  const isName = !/^[\d.]+$|:/.test(target.host);
  const socket = connect({ ...target, ...(isName ? { servername: target.host } : {}) });
  const opened = Promise.withResolvers<void>();
  const onAbort = (): void => {
    opened.reject(signal.reason);
  };
  socket.once("secureConnect", opened.resolve);
  socket.on("error", opened.reject);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await opened.promise;
    return { socket, [Symbol.dispose]: () => void socket.destroy() };
  } catch (caught) {
    socket.destroy();
    throw caught;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
};

const maxPemBytes = 65_536;

/** The engine gives its internal CA to everyone, over a connection that proves nothing: the fingerprint does. */
const fetchInternalCa = async (origin: string, signal: AbortSignal): Promise<X509Certificate> => {
  const path = `${enginePath}/services/pki-resource?resource=ca-certificate&format=X509-PEM-CA`;
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });
  try {
    const { statusCode, body } = await request(`${origin}${path}`, { dispatcher, signal });
    const pem = await readBounded(body, maxPemBytes);
    if (statusCode !== 200 || !pem.includes("BEGIN CERTIFICATE")) {
      throw new HoldfastError(
        "ENGINE_PROTOCOL",
        `${origin} gave no CA certificate (status ${statusCode}): is it an oVirt engine?`,
      );
    }
    return parsePem(pem);
  } finally {
    await dispatcher.destroy();
  }
};
