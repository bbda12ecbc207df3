import { createSecureContext, type PeerCertificate, type SecureContextOptions } from "node:tls";
import { type CallCredentials, ChannelCredentials, ServerCredentials } from "@grpc/grpc-js";
import type { Identity, IdentityHolder, Trust } from "../identity/identity.ts";
import { type ExpectedPeer, isExpected, peerNameIn } from "../identity/peer-name.ts";
import { HoldfastError } from "../errors/holdfast-error.ts";

/** Between processes of an installation nothing older is spoken. */
const minVersion = "TLSv1.3";

/** What a server shows its callers, and whether it wants to see who they are; made by `serverCredentials` alone. */
export interface RpcServerCredentials {
  readonly channel: ServerCredentials;
  /** The installation whose callers are let in; others do not get past the handshake or the first look. */
  readonly installationId: string;
  /** True when every caller shows a certificate; else callers prove themselves in each call. */
  readonly asksForCertificates: boolean;
}

/** What a client shows a server, and whom it believes; made by `clientCredentials` alone. */
export interface RpcClientCredentials {
  readonly channel: ChannelCredentials;
}

/** Who a client is: an identity, one that may be renewed, or nobody yet, who only knows whom to believe. */
export type ClientProof = Identity | Pick<IdentityHolder, "current"> | Trust;

/**
 * The one place where a server of ours gets its credentials from. A renewed identity serves the connections that come after it; those
 * that stand go on. (grpc-js can reload a server's certificate only through credentials that say so: its certificate provider, or
 * these, which also keep the lowest version of TLS over a reload.)
 */
export const serverCredentials = (
  holder: IdentityHolder,
  { asksForCertificates }: { readonly asksForCertificates: boolean },
): RpcServerCredentials => ({
  channel: new RenewableServerCredentials(holder, asksForCertificates),
  installationId: holder.current.installationId,
  asksForCertificates,
});

/** The one place where a client of ours gets its credentials from: TLS 1.3, and a server whose certificate names whom we expect. */
export const clientCredentials = (proof: ClientProof, expected: ExpectedPeer): RpcClientCredentials => ({
  channel: new RenewableChannelCredentials(proof, expected),
});

const contextOf = ({ caPem, certificatePem, keyPem }: Identity): SecureContextOptions => ({
  ca: caPem,
  cert: certificatePem,
  key: keyPem,
  minVersion,
});

class RenewableServerCredentials extends ServerCredentials {
  constructor(holder: IdentityHolder, asksForCertificates: boolean) {
    super(
      { requestCert: asksForCertificates, rejectUnauthorized: asksForCertificates, minVersion },
      contextOf(holder.current),
    );
    holder.onReplaced((identity) => {
      this.updateSecureContextOptions(contextOf(identity));
    });
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

/** The longest that a server may take for its handshake. */
const handshakeMs = 10_000;

type Connector = ReturnType<ChannelCredentials["_createSecureConnector"]>;

/** Makes a secure context for each connection, so that one made after a renewal shows the new certificate. */
class RenewableChannelCredentials extends ChannelCredentials {
  readonly #proof: ClientProof;
  readonly #expected: ExpectedPeer;

  constructor(proof: ClientProof, expected: ExpectedPeer) {
    super();
    this.#proof = proof;
    this.#expected = expected;
  }

  override _isSecure(): boolean {
    return true;
  }

  override _equals(other: ChannelCredentials): boolean {
    return this === other;
  }

  override _createSecureConnector(
    target: Parameters<ChannelCredentials["_createSecureConnector"]>[0],
    options: Parameters<ChannelCredentials["_createSecureConnector"]>[1],
    callCredentials?: CallCredentials,
  ): Connector {
    // A server's name is in its certificate's URI; an address as the name that is asked for would be against TLS (RFC 6066).
    const named = { ...options, "grpc.ssl_target_name_override": "holdfast" };
    const make = (): Connector => this.#present()._createSecureConnector(target, named, callCredentials);
    const first = make();
    return {
      connect: async (socket) => {
        // Without this a server that accepts and then says nothing keeps even a client that was closed, and its process, for ever.
        const silence = Promise.withResolvers<never>();
        const giveUp = (): void => {
          socket.destroy();
          // A handshake whose socket goes without an error never ends by itself, and every call of the client would wait for it.
          silence.reject(new Error(`no TLS handshake within ${handshakeMs} ms`));
        };
        socket.setTimeout(handshakeMs, giveUp);
        const connected = await Promise.race([make().connect(socket), silence.promise]);
        socket.setTimeout(0, giveUp);
        return connected;
      },
      waitForReady: () => first.waitForReady(),
      getCallCredentials: () => first.getCallCredentials(),
      destroy: () => {
        first.destroy();
      },
    };
  }

  #present(): ChannelCredentials {
    const now = "current" in this.#proof ? this.#proof.current : this.#proof;
    const context = isIdentity(now) ? contextOf(now) : ({ ca: now.caPem, minVersion } as const);
    return ChannelCredentials.createFromSecureContext(createSecureContext(context), {
      checkServerIdentity: (_host, certificate) => whyNotExpected(certificate, now.installationId, this.#expected),
    });
  }
}

const isIdentity = (proof: Identity | Trust): proof is Identity => "keyPem" in proof;

/** What `tls` is told about a server's certificate: undefined when it names whom we expect, else why not. */
export const whyNotExpected = (
  { subjectaltname }: Pick<PeerCertificate, "subjectaltname">,
  installationId: string,
  expected: ExpectedPeer,
): Error | undefined => {
  const name = peerNameIn(subjectaltname);
  if (isExpected(name, installationId, expected)) return undefined;
  const found =
    name === undefined ? "nobody of ours" : `${name.role} ${name.id} of installation ${name.installationId}`;
  const wanted = `${expected.role}${expected.id === undefined ? "" : ` ${expected.id}`} of installation ${installationId}`;
  return new HoldfastError("PEER_UNTRUSTED", `PEER_UNTRUSTED: the server is ${found}, not ${wanted}`);
};
