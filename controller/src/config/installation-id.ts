import { mkdir, open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { type InstallationId, type RandomBytes, randomName } from "@holdfast/shared/ids/ids";

const form = /^[0-9a-z]{1,32}$/;

/**
 * The id that stands in everything we leave on engines (R6): from the configuration, else from a file of the data folder, made at
 * the first start. It is outside the database on purpose: a lost database must not make our own things strangers.
 */
export const loadInstallationId = async (
  dataDir: string,
  configured: string | undefined,
  random: RandomBytes,
): Promise<InstallationId> => {
  if (configured !== undefined) return configured as InstallationId;
  const path = join(dataDir, "installation-id");
  const found = await readText(path);
  if (found === undefined) return makeId(dataDir, path, random);
  const id = found.trim();
  if (!form.test(id))
    throw new HoldfastError("CONFIG_INVALID", `${path} holds no installation id`, { details: { path } });
  return id as InstallationId;
};

const makeId = async (dataDir: string, path: string, random: RandomBytes): Promise<InstallationId> => {
  const id = randomName(12, random);
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  {
    await using file = await open(`${path}.new`, "w", 0o600);
    await file.writeFile(`${id}\n`);
    await file.sync();
  }
  await rename(`${path}.new`, path);
  await using folder = await open(dataDir, "r");
  await folder.sync();
  return id as InstallationId;
};

const readText = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw new HoldfastError("IO_FAILED", `${path} cannot be read`, { details: { path }, cause });
  }
};
