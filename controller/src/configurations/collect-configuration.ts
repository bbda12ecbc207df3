import { readdir, readFile, rm, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import type { ConfigurationContent, ConfigurationFile } from "@holdfast/shared/configuration/configuration-content";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { installationFiles, identityFolderOf } from "@holdfast/shared/installation/installation-files";
import { productVersion } from "@holdfast/shared/version/product-version";
import type { Database } from "../database/database.ts";

/** What a configuration is collected from. */
export interface ConfigurationSource {
  readonly database: Database;
  readonly dataDir: string;
  /** The key of stored passwords, where it is not in the identity folder. */
  readonly keyFile: string | undefined;
  readonly installationId: string;
}

/** Names in a data folder, as `controller recover` puts them back. */
export const databaseFile = "controller.db";
const configurationFile = "controller.yaml";
const copyName = ".configuration.db";

/** Everything that the controller is made from again, as of now. */
export const collectConfiguration = async (
  source: ConfigurationSource,
  facts: Pick<ConfigurationContent, "kit" | "createdMs">,
): Promise<ConfigurationContent> => {
  const { dataDir, installationId } = source;
  const files = [await databaseOf(source), ...(await settingsOf(dataDir)), ...(await identityOf(source))];
  return { ...facts, installationId, productVersion, dataDir, files };
};

const databaseOf = async ({ database, dataDir }: ConfigurationSource): Promise<ConfigurationFile> => {
  const copy = join(dataDir, copyName);
  await rm(copy, { force: true });
  try {
    await database.copyTo(copy);
    return { path: databaseFile, mode: 0o600, content: await readFile(copy) };
  } finally {
    await rm(copy, { force: true });
  }
};

const settingsOf = async (dataDir: string): Promise<readonly ConfigurationFile[]> => {
  const content = await readIfThere(join(dataDir, configurationFile));
  return content === undefined ? [] : [{ path: configurationFile, mode: 0o600, content }];
};

const identityOf = async ({ dataDir, keyFile }: ConfigurationSource): Promise<readonly ConfigurationFile[]> => {
  const folder = identityFolderOf(dataDir);
  const { secretKey } = installationFiles(folder);
  const files: ConfigurationFile[] = [];
  for (const path of await filesBelow(folder)) {
    if (keyFile !== undefined && path === secretKey) continue;
    const file = await readOne(dataDir, path, path);
    if (file !== undefined) files.push(file);
  }
  const ownKey = keyFile === undefined ? undefined : await readOne(dataDir, secretKey, keyFile);
  return ownKey === undefined ? files : [...files, ownKey];
};

/** The first administrator's token is made anew by a recovery; nats-server is told its accounts again; drafts are nothing yet. */
const filesBelow = async (folder: string): Promise<readonly string[]> => {
  const { adminToken, nats } = installationFiles(folder);
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && !entry.name.endsWith(".new"))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => path !== adminToken && !path.startsWith(`${nats.accounts}/`))
    .sort();
};

const readOne = async (dataDir: string, path: string, from: string): Promise<ConfigurationFile | undefined> => {
  const content = await readIfThere(from);
  if (content === undefined) return undefined;
  const { mode } = await stat(from);
  return { path: relative(dataDir, path), mode: mode & 0o777, content };
};

const readIfThere = async (path: string): Promise<Buffer | undefined> => {
  try {
    return await readFile(path);
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw new HoldfastError("IO_FAILED", `cannot read ${path}`, { details: { path }, cause });
  }
};
