import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ChunkSize } from "@holdfast/shared/format/chunk-size";
import { memoryLogger } from "@holdfast/shared/logging/memory-logger";
import { openServedIdentity } from "@holdfast/shared/identity/testing/served-identity";
import { openRepositoryServer, type RepositoryServer, type ServerDeps } from "../program/repository-server.ts";
import { connect, installation, type RepositoryClient } from "./test-callers.ts";
import { type ServerConfig, serverConfigSchema } from "../program/server-config.ts";

/** Chunk size of test repositories. */
export const testChunkSize: ChunkSize = 256 * 1024;

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

/** What a test sets beside the usual. */
type ConfigOverrides = Partial<Omit<ServerConfig, "joinToken">> & { readonly joinToken?: string };

/** The configuration of a test repository in a folder. */
export const testConfig = (folder: string, overrides: ConfigOverrides = {}): ServerConfig =>
  serverConfigSchema.parse({
    directory: join(folder, "r"),
    indexPath: join(folder, "index"),
    create: true,
    chunkSize: testChunkSize,
    lowWaterBytes: 0,
    reserveBytes: 0,
    ingestThreads: 1,
    ...overrides,
  });

/** Starts a server, in a given folder or a new one. */
export const openTestServer = async (
  overrides: ConfigOverrides = {},
  options: { readonly folder?: string; readonly deps?: Partial<ServerDeps> } = {},
): Promise<TestServer> => {
  const folder = options.folder ?? (await makeFolder());
  await using controller = await openServedIdentity(installation);
  const config = testConfig(folder, { joinToken: controller.invite("repository").reveal(), ...overrides });
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
