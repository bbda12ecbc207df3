import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { RpcClient } from "@holdfast/shared/rpc/client";
import { repositoryAddressOf, repositoryEnv } from "./installation.ts";
import { keepProgram } from "./kept-program.ts";
import { programArguments } from "./programs.ts";
import type { TestRun } from "./test-run.ts";

/** Another repository server of a story. */
export interface SecondRepository extends AsyncDisposable {
  readonly address: string;
}

/** How it differs from the installation's own. */
export interface SecondRepositorySpec {
  readonly run: TestRun;
  readonly api: RpcClient;
  readonly name: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Its folder is a file system of its own of so many MiB. */
  readonly tmpfsMiB?: number;
}

/** A shell script: mounts $2 with the size $1, then becomes the rest, which dies with the test as every child does. */
const onTmpfs = 'mount -t tmpfs -o "size=$1m" tmpfs "$2" && shift 2 && exec setpriv --pdeathsig KILL -- "$@"';

/** Starts a repository server beside the installation's. */
export const openSecondRepository = async (spec: SecondRepositorySpec): Promise<SecondRepository> => {
  const { run, api, name, tmpfsMiB } = spec;
  const directory = join(run.dir, name);
  await mkdir(directory);
  const address = repositoryAddressOf(run, name);
  const server = [process.execPath, ...programArguments("repository/main")];
  const mounted = ["unshare", "--map-root-user", "--mount", "sh", "-c", onTmpfs, "sh", String(tmpfsMiB), directory];
  const [command = "", ...args] = tmpfsMiB === undefined ? server : [...mounted, ...server];
  const program = await keepProgram({
    name,
    command,
    args,
    env: {
      ...run.env,
      ...(await repositoryEnv(run, api, { name, directory })),
      HOLDFAST_REPOSITORY_INDEX_PATH: join(run.dir, `${name}.sqlite`),
      ...spec.env,
    },
    logFile: join(run.dir, `${name}.log`),
  });
  return { address, [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() };
};
