import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RepositoryService } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import type { ChunkSize } from "@holdfast/shared/format/chunk-size";
import { memoryLogger } from "@holdfast/shared/logging/memory-logger";
import { openRpcClient } from "@holdfast/shared/rpc/client";
import type { ServiceClient } from "@holdfast/shared/rpc/client-types";
import { clientCredentials } from "@holdfast/shared/rpc/credentials";
import { openRepositoryServer, type RepositoryServer, type ServerDeps } from "../program/repository-server.ts";
import { type ServerConfig, serverConfigSchema } from "../program/server-config.ts";

/** Chunk size of test repositories. */
export const testChunkSize: ChunkSize = 256 * 1024;

export type RepositoryClient = ServiceClient<typeof RepositoryService>;

/** A repository server in this process with a client of its own, in a temporary folder that is gone afterwards. */
export interface TestServer extends AsyncDisposable {
  readonly folder: string;
  readonly directory: string;
  readonly config: ServerConfig;
  readonly server: RepositoryServer;
  readonly client: RepositoryClient;
  readonly repositoryId: string;
  readonly log: ReturnType<typeof memoryLogger>;
}

/** A short temporary folder. */
export const makeFolder = (): Promise<string> => mkdtemp(join(tmpdir(), "hf-"));

/** Removes a folder of `makeFolder`. */
export const removeFolder = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true });

/** The configuration of a test repository in a folder. */
export const testConfig = (folder: string, overrides: Partial<ServerConfig> = {}): ServerConfig =>
  serverConfigSchema.parse({
    directory: join(folder, "r"),
    indexPath: join(folder, "index"),
    create: true,
    chunkSize: testChunkSize,
    lowWaterBytes: 0,
    ingestThreads: 1,
    ...overrides,
  });

/** A client of its own connection. */
export const connect = (address: string): { readonly client: RepositoryClient } & AsyncDisposable => {
  const rpc = openRpcClient(address, clientCredentials({ mode: "insecure" }));
  return { client: rpc.service(RepositoryService), [Symbol.asyncDispose]: () => rpc[Symbol.asyncDispose]() };
};

/** Starts a server, in a given folder or a new one. */
export const openTestServer = async (
  overrides: Partial<ServerConfig> = {},
  options: { readonly folder?: string; readonly deps?: Partial<ServerDeps> } = {},
): Promise<TestServer> => {
  const folder = options.folder ?? (await makeFolder());
  const config = testConfig(folder, overrides);
  const log = memoryLogger();
  const server = await openRepositoryServer(config, { log, ...options.deps });
  const connection = connect(server.address);
  return {
    folder,
    directory: config.directory,
    config,
    server,
    client: connection.client,
    repositoryId: server.facts.repositoryId,
    log,
    [Symbol.asyncDispose]: async () => {
      await connection[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
      if (options.folder === undefined) await removeFolder(folder);
    },
  };
};
