import type { Identity } from "@holdfast/shared/identity/identity";
import type { TaskClaims } from "@holdfast/shared/identity/task-token";
import { openServedIdentity } from "@holdfast/shared/identity/testing/served-identity";
import { testInstallation } from "@holdfast/shared/identity/testing/test-installation";
import { startProcess } from "@holdfast/shared/process/child-process";
import { programArguments } from "@holdfast/shared/process/testing/program-files";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { parseRepositoryId } from "@holdfast/shared/format/repository-id";
import type { RepositoryKeys } from "@holdfast/shared/format/repository-keys";
import { parseKeyList } from "@holdfast/shared/keys/key-list";
import { keysOf, unlock } from "@holdfast/shared/keys/master-key";
import type { RepositoryAddress } from "../repository/repository-access.ts";

/** A repository server in a process of its own, on a folder that goes with it. */
export interface RepositoryProcess extends AsyncDisposable {
  readonly address: string;
  readonly repositoryId: string;
  readonly directory: string;
  /** Undefined unless it is encrypted. */
  readonly keys: RepositoryKeys | undefined;
  /** An agent of its installation. */
  readonly agent: Identity;
  /** How that agent reaches it with a token of these claims. */
  readonly access: (claims: Partial<TaskClaims>) => RepositoryAddress;
  /** Ends the server without a chance to clean up, and starts it again on the same folder and port. */
  killAndRestart(): Promise<void>;
  /** Stops the server and starts it again. */
  restart(between?: () => Promise<void>): Promise<void>;
}

const password = "a password of tests";

/** How a test's repository is made. */
export interface RepositoryWish {
  readonly chunkSize?: number;
  readonly isEncrypted?: boolean;
}

/** Makes a repository and serves it. */
export const openRepositoryProcess = async (
  joining = testInstallation(),
  { chunkSize = 1024 * 1024, isEncrypted = false }: RepositoryWish = {},
): Promise<RepositoryProcess> => {
  const installation = await joining;
  const agent = await installation.identity("agent", "a1");
  const folder = await mkdtemp(join(tmpdir(), "hf-repo-"));
  const file = join(folder, "config.json");
  const directory = join(folder, "repository");
  const keys = isEncrypted ? await makeEncrypted(folder, directory, chunkSize) : undefined;
  const start = async (listen: string) => {
    await using controller = await openServedIdentity(installation);
    const joinToken = controller.invite("repository").reveal();
    const indexPath = join(folder, "index.sqlite");
    const made = { create: true, chunkSize };
    await writeFile(file, JSON.stringify({ directory, indexPath, listen, lowWaterBytes: 0, ...made, joinToken }));
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
    keys,
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

/** Makes an encrypted repository with the program that needs nothing but the folder, and opens its keys with the password. */
const makeEncrypted = async (folder: string, directory: string, chunkSize: number): Promise<RepositoryKeys> => {
  const passwordFile = join(folder, "password");
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  const options = ["--encrypt", "--password-file", passwordFile, "--chunk-size", String(chunkSize)];
  const args = [...programArguments("repository/cli"), "init", directory, ...options];
  await promisify(execFile)(process.execPath, args);
  const { repositoryId, encryption } = await fieldsOf(join(directory, "descriptor"));
  const {
    kind: _kind,
    schema: _schema,
    repositoryId: _of,
    epoch: _epoch,
    writtenMs: _ms,
    ...list
  } = await fieldsOf(join(directory, "keys", "00000001"));
  const repository = {
    repositoryId: parseRepositoryId(String(repositoryId)),
    encryption: encryption as { readonly keyCheck: string },
  };
  const keyList = parseKeyList(JSON.stringify(list));
  return keysOf(await unlock(repository, keyList, { kind: "password", password }), keyList);
};

const fieldsOf = async (path: string): Promise<Readonly<Record<string, unknown>>> => {
  const [line = ""] = (await readFile(path, "utf8")).split("\n");
  return JSON.parse(line) as Record<string, unknown>;
};
