import { RepositoryService } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { openRpcClient, type RpcClient } from "@holdfast/shared/rpc/client";
import type { ServiceClient } from "@holdfast/shared/rpc/client-types";
import type { Identity } from "@holdfast/shared/identity/identity";
import { taskTokenHeader } from "@holdfast/shared/identity/task-token";
import { clientCredentials } from "@holdfast/shared/rpc/credentials";

/** Where a repository is, and what it is shown; passes between threads. It carries permissions: never logged (R12). */
export interface RepositoryAddress {
  readonly address: string;
  /** Whose certificate the server has to show. */
  readonly repositoryId: string;
  readonly identity: Identity;
  readonly taskToken: string;
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
  repositoryId,
  identity,
  taskToken,
  correlationId,
}: RepositoryAddress): RepositoryConnection => {
  const client: RpcClient = openRpcClient(
    address,
    clientCredentials(identity, { role: "repository", id: repositoryId }),
    { correlationId, metadata: () => ({ [taskTokenHeader]: taskToken }) },
  );
  return { calls: client.service(RepositoryService), [Symbol.asyncDispose]: () => client[Symbol.asyncDispose]() };
};
