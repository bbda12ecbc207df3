import type { Identity } from "@holdfast/shared/identity/identity";
import type { TaskClaims } from "@holdfast/shared/identity/task-token";
import { openServedIdentity } from "@holdfast/shared/identity/testing/served-identity";
import { testInstallation } from "@holdfast/shared/identity/testing/test-installation";
import { startProcess } from "@holdfast/shared/process/child-process";
import { programArguments } from "@holdfast/shared/process/testing/program-files";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RepositoryAddress } from "../repository/repository-access.ts";

/** A repository server in a process of its own, on a folder that goes with it. */
export interface RepositoryProcess extends AsyncDisposable {
  readonly address: string;
  readonly repositoryId: string;
  readonly directory: string;
  /** An agent of its installation. */
  readonly agent: Identity;
  /** How that agent reaches it with a token of these claims. */
  readonly access: (claims: Partial<TaskClaims>) => RepositoryAddress;
  /** Ends the server without a chance to clean up, and starts it again on the same folder and port. */
  killAndRestart(): Promise<void>;
  /** Stops the server and starts it again. */
  restart(between?: () => Promise<void>): Promise<void>;
}

/** Makes a repository and serves it. */
export const openRepositoryProcess = async (joining = testInstallation()): Promise<RepositoryProcess> => {
  const installation = await joining;
  const agent = await installation.identity("agent", "a1");
  const folder = await mkdtemp(join(tmpdir(), "hf-repo-"));
  const file = join(folder, "config.json");
  const directory = join(folder, "repository");
  const start = async (listen: string) => {
    await using controller = await openServedIdentity(installation);
    const joinToken = controller.invite("repository").reveal();
    const indexPath = join(folder, "index.sqlite");
    await writeFile(file, JSON.stringify({ directory, indexPath, listen, lowWaterBytes: 0, create: true, joinToken }));
    const child = await startProcess({
      name: "repository",
      command: process.execPath,
      args: [...programArguments("repository/main"), "--config", file],
    });
    try {
      return { child, ready: await child.ready(60_000) };
    } catch (caught) {
      await child.stop();
      throw caught;
    }
  };
  let { child, ready } = await start("127.0.0.1:0").catch(async (caught: unknown) => {
    await rm(folder, { recursive: true, force: true });
    throw caught;
  });
  const address = ready.address ?? "";
  const repositoryId = String(ready["repository"]);
  const again = async (between: () => Promise<void>): Promise<void> => {
    await between();
    ({ child, ready } = await start(address));
  };
  return {
    address,
    repositoryId,
    directory,
    agent,
    access: (claims) => ({
      address,
      repositoryId,
      identity: agent,
      taskToken: installation.token(agent, { repositoryId, ...claims }),
      correlationId: "test",
    }),
    killAndRestart: async () => {
      child.kill("SIGKILL");
      await child.exited;
      await again(async () => undefined);
    },
    restart: async (between = async () => undefined) => {
      await child.stop();
      await again(between);
    },
    [Symbol.asyncDispose]: async () => {
      await child.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
};
