import type { GetRepositoryResponse } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { RepositoryService } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import type { Clock } from "@holdfast/shared/clock/clock";
import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";
import { type RpcClient, openRpcClient } from "@holdfast/shared/rpc/client";
import type { IdentityHolder } from "@holdfast/shared/identity/identity";
import { trustNumberHeader } from "@holdfast/shared/identity/trust-number";
import type { KeyProof } from "@holdfast/shared/keys/wrap-key";
import type { Logger } from "@holdfast/shared/logging/logger";
import { clientCredentials } from "@holdfast/shared/rpc/credentials";
import type { Database } from "../database/database.ts";
import { listRepositories, removeRepository, saveRepository } from "../database/repositories-table.ts";
import type { Keyring } from "./keys/keyring.ts";
import { PointNames } from "./keys/point-names.ts";
import type { RepositoryConnection } from "./repository-connection.ts";
import type { RepositoryRecord } from "./repository-record.ts";
import { type OpenRepositoryConnection, openRepositoryConnection } from "./rpc-repository.ts";

/** The repositories that jobs may write to, with a connection each. */
export interface RepositoryRegistry extends AsyncDisposable {
  list(): readonly RepositoryConnection[];
  /** By id or name; NOT_FOUND for none. */
  get(idOrName: string): RepositoryConnection;
  find(idOrName: string): RepositoryConnection | undefined;
  /** Keys of those that are encrypted. */
  readonly keys: Keyring;
  /** Names of points that these have only sealed. */
  readonly names: PointNames;
  /**
   * Asks who is at the address, opens it where it is encrypted, then keeps it. ALREADY_EXISTS for a name or repository that is
   * there, KEY_MISSING, KEY_WRONG.
   */
  add(wish: AddedRepository, signal: AbortSignal): Promise<RepositoryConnection>;
  /** Forgets it; what it holds stays. */
  remove(repositoryId: string): Promise<void>;
}

/** A repository that is to be known. */
export interface AddedRepository {
  readonly name: string;
  readonly address: string;
  /** What an encrypted one opens with; not looked at otherwise. */
  readonly proof?: KeyProof | undefined;
}

interface RegistryDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly holder: IdentityHolder;
  /** Number of the newest trust bundle, which every call shows: a repository believes no controller that forgot. */
  readonly trustNumber: () => number;
  readonly keys: Keyring;
  readonly log: Logger;
}

/** Opens the registry with what the database has. No repository needs to be reachable. */
export const openRepositoryRegistry = async (deps: RegistryDeps): Promise<RepositoryRegistry> => {
  const { database, clock, holder, trustNumber, keys, log } = deps;
  const connections = new Map<string, OpenRepositoryConnection>();
  const metadata = (): Readonly<Record<string, string>> => ({ [trustNumberHeader]: String(trustNumber()) });
  const dial = (address: string, id?: string): RpcClient =>
    openRpcClient(address, clientCredentials(holder, { role: "repository", id }), { metadata });
  const connect = (record: RepositoryRecord): OpenRepositoryConnection =>
    openRepositoryConnection(record, dial(record.address, record.repositoryId), clock);
  for (const record of await listRepositories(database.queries)) connections.set(record.repositoryId, connect(record));

  const find = (idOrName: string): RepositoryConnection | undefined =>
    connections.get(idOrName) ?? [...connections.values()].find(({ name }) => name === idOrName);
  return {
    list: () => [...connections.values()].sort((left, right) => left.name.localeCompare(right.name)),
    find,
    get: (idOrName) => find(idOrName) ?? none(idOrName),
    keys,
    names: new PointNames(keys, log),
    add: async (wish, signal) => {
      const { name, address } = wish;
      if (find(name) !== undefined) throw new HoldfastError("ALREADY_EXISTS", `there is a repository ${name}`);
      const described = await identify(dial(address), address, signal);
      const { repositoryId } = described;
      const known = connections.get(repositoryId);
      if (known !== undefined)
        throw new HoldfastError("ALREADY_EXISTS", `the repository at ${address} is known as ${known.name}`);
      const record = { repositoryId, name, address, createdMs: clock.nowMs() };
      await using opened = new AsyncDisposableStack();
      const connection = opened.use(connect(record));
      await unlockAdded(keys, connection, { described, proof: wish.proof }, signal);
      await saveRepository(database.queries, record);
      opened.move();
      connections.set(repositoryId, connection);
      return connection;
    },
    remove: async (repositoryId) => {
      await removeRepository(database.queries, repositoryId);
      await keys.forget(repositoryId);
      const connection = connections.get(repositoryId);
      connections.delete(repositoryId);
      await connection?.[Symbol.asyncDispose]();
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...connections.values()].map((connection) => connection[Symbol.asyncDispose]()));
    },
  };
};

const none = (idOrName: string): never => {
  throw new HoldfastError("NOT_FOUND", `no repository ${idOrName}`, { details: { repository: idOrName } });
};

const unlockAdded = async (
  keys: Keyring,
  connection: RepositoryConnection,
  { described, proof }: { readonly described: GetRepositoryResponse; readonly proof: KeyProof | undefined },
  signal: AbortSignal,
): Promise<void> => {
  const { keyCheck } = described;
  if (keyCheck === "") return;
  if (proof !== undefined) await keys.unlock(connection, { keyCheck, proof }, signal);
  else
    throw new HoldfastError(
      "KEY_MISSING",
      `the repository at ${connection.address} is encrypted: its password is needed`,
    );
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
