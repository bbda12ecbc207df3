import { RepositoryService } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { openRpcClient, type RpcClient } from "@holdfast/shared/rpc/client";
import type { ServiceClient } from "@holdfast/shared/rpc/client-types";
import { clientCredentials, type RpcSecurity } from "@holdfast/shared/rpc/credentials";

/** Where a repository is; passes between threads. */
export interface RepositoryAddress {
  readonly address: string;
  readonly security: RpcSecurity;
  /** Ties the log lines of both ends together. */
  readonly correlationId: string;
}

/** The calls of a repository. */
export type RepositoryCalls = ServiceClient<typeof RepositoryService>;

/** A connection of its own to a repository, with its calls. */
export interface RepositoryConnection extends AsyncDisposable {
  readonly calls: RepositoryCalls;
}

/** Makes a connection to a repository; nothing is dialled yet. */
export const openRepositoryConnection = ({
  address,
  security,
  correlationId,
}: RepositoryAddress): RepositoryConnection => {
  const client: RpcClient = openRpcClient(address, clientCredentials(security), { correlationId });
  return { calls: client.service(RepositoryService), [Symbol.asyncDispose]: () => client[Symbol.asyncDispose]() };
};
