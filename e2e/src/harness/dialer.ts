import { type RpcClient, openRpcClient } from "@holdfast/shared/rpc/client";
import { type ClientProof, clientCredentials } from "@holdfast/shared/rpc/credentials";
import type { PeerRole } from "@holdfast/shared/identity/peer-name";

/** Whom to dial, and what to show. */
export interface Dialled {
  readonly address: string;
  readonly role: PeerRole;
  readonly proof: ClientProof;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Makes connections as whoever a story wants to be; disposing closes them all. */
export interface Dialer extends AsyncDisposable {
  readonly dial: (dialled: Dialled) => RpcClient;
}

/** A dialer with no connection yet. */
export const createDialer = (): Dialer => {
  const clients = new AsyncDisposableStack();
  return {
    dial: ({ address, role, proof, headers = {} }) =>
      clients.use(openRpcClient(address, clientCredentials(proof, { role }), { metadata: () => headers })),
    [Symbol.asyncDispose]: () => clients.disposeAsync(),
  };
};
