import { once } from "node:events";
import { type Socket, isIP } from "node:net";
import { type ConnectionOptions, type PeerCertificate, type TLSSocket, connect } from "node:tls";
import type { Identity, Trust } from "../identity/identity.ts";
import { whyNotExpected } from "../rpc/credentials.ts";
import type { ExpectedServer } from "./target.ts";

/** Whom a process believes, and who it is when it has an identity. */
export type LookingAs = Identity | Trust;

/** What a server showed. */
export interface ShownCertificate {
  readonly certificate: Uint8Array;
  /** Why it is not whom we expect; undefined when it is. */
  readonly objection: string | undefined;
}

/** Does TLS on a connection and looks at whom it ends in; nothing is sent. Fails when there is no TLS to be done. */
export const lookAtServer = async (
  socket: Socket,
  wanted: { readonly server: ExpectedServer; readonly host: string; readonly as: LookingAs | undefined },
  signal: AbortSignal,
): Promise<ShownCertificate> => {
  const secured = connect({ socket, rejectUnauthorized: false, ...optionsOf(wanted) });
  try {
    await once(secured, "secureConnect", { signal });
    const certificate = secured.getPeerCertificate();
    if (certificate.raw === undefined) throw new Error("it showed no certificate");
    return { certificate: certificate.raw, objection: objectionOf(secured, certificate, wanted) };
  } catch (caught) {
    signal.throwIfAborted();
    throw caught;
  } finally {
    // What comes after this, such as being sent away for having shown no certificate, does not matter.
    secured.on("error", () => undefined);
    secured.destroy();
  }
};

type Wanted = Parameters<typeof lookAtServer>[1];

const optionsOf = ({ server, host, as }: Wanted): ConnectionOptions => {
  const named = isIP(host) === 0 && host !== "" ? { servername: host } : { host };
  if (server.kind === "engine") return { ...named, ca: server.anchorPem, allowPartialTrustChain: true };
  const shown = as !== undefined && "keyPem" in as ? { cert: as.certificatePem, key: as.keyPem } : {};
  return {
    ...(as === undefined ? {} : { ca: as.caPem }),
    ...shown,
    ...(server.role === "bus" ? {} : { ALPNProtocols: ["h2"] }),
    minVersion: "TLSv1.3",
    // Whom a certificate of ours names is looked at afterwards: it is no host name.
    checkServerIdentity: () => undefined,
  };
};

const objectionOf = (secured: TLSSocket, certificate: PeerCertificate, { server, as }: Wanted): string | undefined => {
  if (server.kind === "peer" && as === undefined) return undefined;
  // Typed as an error, and in truth often the bare code of one.
  const failure: unknown = secured.authorizationError;
  if (!secured.authorized)
    return failure instanceof Error ? failure.message : `not signed by whom we expect (${String(failure)})`;
  if (server.kind === "engine" || as === undefined) return undefined;
  return whyNotExpected(certificate, as.installationId, server)?.message;
};
