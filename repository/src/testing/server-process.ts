import { join } from "node:path";
import { type ChildProcess, startProcess } from "@holdfast/shared/process/child-process";
import { programArguments } from "@holdfast/shared/process/testing/program-files";
import { openServedIdentity } from "@holdfast/shared/identity/testing/served-identity";
import { connect, installation, type RepositoryClient } from "./test-callers.ts";
import { testChunkSize } from "./test-server.ts";

/** A repository server as a process of its own, with a client. */
export interface ServerProcess extends AsyncDisposable {
  readonly process: ChildProcess;
  readonly client: RepositoryClient;
  readonly repositoryId: string;
  /** Ends it at once, as a crash would, and waits until it is gone. */
  kill(): Promise<void>;
}

const startMs = 60_000;

/** Starts the server on a repository in the folder, making it when there is none. */
export const startServer = async (folder: string): Promise<ServerProcess> => {
  await using controller = await openServedIdentity(installation);
  const child = await startProcess({
    name: "repository",
    command: process.execPath,
    args: [...programArguments("repository/main"), "--init"],
    env: {
      ...process.env,
      HOLDFAST_REPOSITORY_DIRECTORY: join(folder, "r"),
      HOLDFAST_REPOSITORY_INDEX_PATH: join(folder, "index"),
      HOLDFAST_REPOSITORY_JOIN_TOKEN: controller.invite("repository").reveal(),
      HOLDFAST_REPOSITORY_CHUNK_SIZE: String(testChunkSize),
      HOLDFAST_REPOSITORY_LOW_WATER_BYTES: "0",
      HOLDFAST_REPOSITORY_RESERVE_BYTES: "0",
      HOLDFAST_REPOSITORY_INGEST_THREADS: "1",
      HOLDFAST_REPOSITORY_PACK_TARGET_BYTES: String(512 * 1024),
    },
    onLine: () => undefined,
  });
  const ready = await child.ready(startMs);
  const connection = connect(ready.address ?? "");
  return {
    process: child,
    client: connection.client,
    repositoryId: String(ready["repository"]),
    kill: async () => {
      child.kill("SIGKILL");
      await child.exited;
    },
    [Symbol.asyncDispose]: async () => {
      await connection[Symbol.asyncDispose]();
      await child[Symbol.asyncDispose]();
    },
  };
};
