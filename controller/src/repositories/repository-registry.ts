import type { GetRepositoryResponse } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { RepositoryService } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import type { Clock } from "@holdfast/shared/clock/clock";
import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";
import { type RpcClient, openRpcClient } from "@holdfast/shared/rpc/client";
import type { RpcClientCredentials } from "@holdfast/shared/rpc/credentials";
import type { Database } from "../database/database.ts";
import { listRepositories, removeRepository, saveRepository } from "../database/repositories-table.ts";
import type { RepositoryConnection } from "./repository-connection.ts";
import type { RepositoryRecord } from "./repository-record.ts";
import { type OpenRepositoryConnection, openRepositoryConnection } from "./rpc-repository.ts";

/** The repositories that jobs may write to, with a connection each. */
export interface RepositoryRegistry extends AsyncDisposable {
  list(): readonly RepositoryConnection[];
  /** By id or name; NOT_FOUND for none. */
  get(idOrName: string): RepositoryConnection;
  find(idOrName: string): RepositoryConnection | undefined;
  /** Asks who is at the address, then keeps it. ALREADY_EXISTS for a name or repository that is there. */
  add(name: string, address: string, signal: AbortSignal): Promise<RepositoryConnection>;
  /** Forgets it; what it holds stays. */
  remove(repositoryId: string): Promise<void>;
}

interface RegistryDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly credentials: RpcClientCredentials;
}

/** Opens the registry with what the database has. No repository needs to be reachable. */
export const openRepositoryRegistry = async ({
  database,
  clock,
  credentials,
}: RegistryDeps): Promise<RepositoryRegistry> => {
  const connections = new Map<string, OpenRepositoryConnection>();
  const connect = (record: RepositoryRecord): OpenRepositoryConnection => {
    const connection = openRepositoryConnection(record, openRpcClient(record.address, credentials), clock);
    connections.set(record.repositoryId, connection);
    return connection;
  };
  for (const record of await listRepositories(database.queries)) connect(record);

  const find = (idOrName: string): RepositoryConnection | undefined =>
    connections.get(idOrName) ?? [...connections.values()].find(({ name }) => name === idOrName);
  return {
    list: () => [...connections.values()].sort((left, right) => left.name.localeCompare(right.name)),
    find,
    get: (idOrName) => {
      const found = find(idOrName);
      if (found !== undefined) return found;
      throw new HoldfastError("NOT_FOUND", `no repository ${idOrName}`, { details: { repository: idOrName } });
    },
    add: async (name, address, signal) => {
      if (find(name) !== undefined) throw new HoldfastError("ALREADY_EXISTS", `there is a repository ${name}`);
      const { repositoryId } = await identify(openRpcClient(address, credentials), address, signal);
      const known = connections.get(repositoryId);
      if (known !== undefined)
        throw new HoldfastError("ALREADY_EXISTS", `the repository at ${address} is known as ${known.name}`);
      const record = { repositoryId, name, address, createdMs: clock.nowMs() };
      await saveRepository(database.queries, record);
      return connect(record);
    },
    remove: async (repositoryId) => {
      await removeRepository(database.queries, repositoryId);
      const connection = connections.get(repositoryId);
      connections.delete(repositoryId);
      await connection?.[Symbol.asyncDispose]();
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...connections.values()].map((connection) => connection[Symbol.asyncDispose]()));
    },
  };
};

const identify = async (client: RpcClient, address: string, signal: AbortSignal): Promise<GetRepositoryResponse> => {
  await using dialled = client;
  try {
    return await dialled.service(RepositoryService).getRepository({}, { signal, timeoutMs: 10_000 });
  } catch (caught) {
    if (!hasCode(caught, "UNAVAILABLE", "TIMEOUT")) throw caught;
    throw new HoldfastError("REPOSITORY_UNREACHABLE", `no repository can be reached at ${address}`, {
      cause: caught,
      details: { address },
    });
  }
};
