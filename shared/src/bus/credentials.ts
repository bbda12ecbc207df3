import { type ConnectionOptions, jwtAuthenticator } from "nats";
import type { Identity, IdentityHolder } from "../identity/identity.ts";
import type { BusKey } from "../identity/identity-folder.ts";
import { whyNotExpected } from "../rpc/credentials.ts";

/** What a client shows the bus; made by `busCredentials` alone. */
export interface BusCredentials {
  readonly options: Pick<ConnectionOptions, "authenticator" | "tls">;
}

/**
 * The one place where a client of the bus gets its credentials from: mutual TLS 1.3 with a server that is this installation's bus, and
 * a user JWT whose NKey signs the server's challenge. A renewed certificate is shown at the next connection.
 */
export const busCredentials = (holder: IdentityHolder, { jwt, seed }: BusKey): BusCredentials => ({
  options: { authenticator: jwtAuthenticator(jwt, new TextEncoder().encode(seed)), tls: tlsOptions(holder) },
});

/** The client library hands these to `tls.connect` as they are, at each connection; its types name only some of them. */
const tlsOptions = (holder: IdentityHolder): NonNullable<ConnectionOptions["tls"]> => {
  const now = (): Identity => holder.current;
  const options = {
    get ca(): string {
      return now().caPem;
    },
    get cert(): string {
      return now().certificatePem;
    },
    get key(): string {
      return now().keyPem;
    },
    // Debian's server cannot be told a lowest version, so the client insists.
    minVersion: "TLSv1.3",
    checkServerIdentity: (_host: string, certificate: { readonly subjectaltname?: string }): Error | undefined =>
      whyNotExpected(certificate, now().installationId, { role: "bus" }),
  };
  return options;
};
