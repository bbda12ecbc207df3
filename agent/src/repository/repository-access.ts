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
  /** The newest: read when a connection is made, or when this passes to another thread. */
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
export const openRepositoryConnection = (repository: RepositoryAddress): RepositoryConnection => {
  const { address, repositoryId, taskToken, correlationId } = repository;
  const proof = {
    get current(): Identity {
      return repository.identity;
    },
  };
  const client: RpcClient = openRpcClient(address, clientCredentials(proof, { role: "repository", id: repositoryId }), {
    correlationId,
    metadata: () => ({ [taskTokenHeader]: taskToken }),
  });
  return { calls: client.service(RepositoryService), [Symbol.asyncDispose]: () => client[Symbol.asyncDispose]() };
};
