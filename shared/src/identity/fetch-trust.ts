import { connect, type DetailedPeerCertificate } from "node:tls";
import { HoldfastError } from "../errors/holdfast-error.ts";
import { onAbort } from "../lifecycle/abort.ts";
import { parseListenAddress } from "../rpc/listen-address.ts";
import { fingerprintOf, isSignedBy, readCertificate } from "./certificates.ts";
import type { Trust } from "./identity.ts";

/**
 * Asks a server for the authority that it was signed by, and believes it only when its SHA-256 is the one given: the first thing that
 * a joiner does. The installation's id is what the server's own certificate names. PEER_UNTRUSTED when the server shows another
 * authority, UNAVAILABLE when nobody answers.
 */
export const fetchTrust = async (address: string, caFingerprint: string, signal: AbortSignal): Promise<Trust> => {
  const chain = await chainOf(address, signal);
  const authority = chain.find((raw) => fingerprintOf(raw) === caFingerprint);
  const [leaf] = chain;
  if (authority === undefined || leaf === undefined || !isSignedBy(leaf, toPem(authority))) {
    throw new HoldfastError(
      "PEER_UNTRUSTED",
      `the server at ${address} is not signed by the authority of the join token`,
      {
        details: { address, expected: caFingerprint },
      },
    );
  }
  return { installationId: readCertificate(leaf).name.installationId, caPem: toPem(authority) };
};

const chainOf = async (address: string, signal: AbortSignal): Promise<readonly Uint8Array[]> => {
  const target = parseListenAddress(address);
  const where = target.kind === "unix" ? { path: target.path } : { host: target.host, port: target.port };
  // Nothing is believed here but what has the right fingerprint, and nothing is sent.
  const socket = connect({ ...where, rejectUnauthorized: false, minVersion: "TLSv1.3", ALPNProtocols: ["h2"] });
  const shown = Promise.withResolvers<readonly Uint8Array[]>();
  socket.once("secureConnect", () => {
    shown.resolve(listChain(socket.getPeerCertificate(true)));
  });
  socket.on("error", shown.reject);
  const unlink = onAbort(signal, shown.reject);
  try {
    return await shown.promise;
  } catch (cause) {
    signal.throwIfAborted();
    throw new HoldfastError("UNAVAILABLE", `no controller answers at ${address}`, { details: { address }, cause });
  } finally {
    unlink();
    socket.destroy();
  }
};

const listChain = (leaf: DetailedPeerCertificate): readonly Uint8Array[] => {
  const raws: Uint8Array[] = [];
  let one: DetailedPeerCertificate | undefined = leaf;
  while (one?.raw !== undefined && raws.length < 8) {
    raws.push(one.raw);
    one = one.issuerCertificate === one ? undefined : one.issuerCertificate;
  }
  return raws;
};

const toPem = (raw: Uint8Array): string => {
  const lines =
    Buffer.from(raw)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
};
