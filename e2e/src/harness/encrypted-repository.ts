import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseRepositoryId } from "@holdfast/shared/format/repository-id";
import { parseKeyList } from "@holdfast/shared/keys/key-list";
import { keysOf, unlock } from "@holdfast/shared/keys/master-key";
import { programArguments } from "./programs.ts";
import { type Said, runProgram } from "./run-program.ts";
import type { TestRun } from "./test-run.ts";

/** Runs `holdfast-repository`, which needs nothing but the folder. */
export const runRepositoryProgram = async (run: TestRun, args: readonly string[]): Promise<Said> =>
  await runProgram(
    {
      name: "holdfast-repository",
      command: process.execPath,
      args: [...programArguments("repository/cli"), ...args],
      env: run.env,
    },
    AbortSignal.timeout(60_000),
  );

/** Writes a password into a file that the search for secrets passes over. */
export const keepPassword = async (run: TestRun, name: string, password: string): Promise<string> => {
  const folder = join(run.dir, `${name}-identity`);
  await mkdir(folder);
  const file = join(folder, "password");
  await writeFile(file, `${password}\n`, { mode: 0o600 });
  return file;
};

const fieldsOf = async (path: string): Promise<Readonly<Record<string, unknown>>> => {
  const [line = ""] = (await readFile(path, "utf8")).split("\n");
  return JSON.parse(line) as Record<string, unknown>;
};

/** Every key of an encrypted repository by its name, from its folder and its password, as anybody makes them who has both. */
export const keysByName = async (directory: string, password: string): Promise<ReadonlyMap<string, Uint8Array>> => {
  const { repositoryId, encryption } = await fieldsOf(join(directory, "descriptor"));
  const newest = (await readdir(join(directory, "keys"))).sort().at(-1) ?? "";
  const {
    kind,
    schema,
    repositoryId: _of,
    epoch,
    writtenMs,
    ...list
  } = await fieldsOf(join(directory, "keys", newest));
  if (kind !== "keys" || schema !== 1 || typeof epoch !== "number" || typeof writtenMs !== "number")
    throw new Error(`${newest} is no list of keys`);
  const repository = {
    repositoryId: parseRepositoryId(String(repositoryId)),
    encryption: encryption as { readonly keyCheck: string },
  };
  const keyList = parseKeyList(JSON.stringify(list));
  const what = await unlock(repository, keyList, { kind: "password", password });
  const { sealing, opening, manifestKeys } = keysOf(what, keyList);
  return new Map([
    ["the master key", what.master],
    ["the id key", sealing.idKey],
    ...[...opening.contentKeys].map(([id, key]) => [`content key ${id}`, key] as const),
    ...[...manifestKeys].map(([id, key]) => [`manifest key ${id}`, key] as const),
  ]);
};

/** How bytes may stand in a text that was written or sent. */
export const formsOf = (key: Uint8Array): readonly string[] => {
  const bytes = Buffer.from(key);
  return [
    bytes.toString("latin1"),
    bytes.toString("hex"),
    bytes.toString("base64").replace(/=+$/, ""),
    bytes.toString("base64url"),
    bytes.join(","),
  ];
};
