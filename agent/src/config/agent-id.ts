import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { type AgentId, randomName, type RandomBytes } from "@holdfast/shared/ids/ids";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

const form = /^[0-9a-z]{1,64}$/;

/** The id under which controllers know this agent, made at its first start and kept in its data folder. */
export const loadAgentId = async (dataDir: string, random: RandomBytes): Promise<AgentId> => {
  const path = join(dataDir, "agent-id");
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const found = await readText(path);
  if (found === undefined) return await makeAgentId(path, random);
  const id = found.trim();
  if (!form.test(id)) throw new HoldfastError("CONFIG_INVALID", `${path} holds no agent id`, { details: { path } });
  return id as AgentId;
};

const makeAgentId = async (path: string, random: RandomBytes): Promise<AgentId> => {
  const id = randomName(16, random);
  await writeFile(`${path}.new`, `${id}\n`, { mode: 0o600, flush: true });
  await rename(`${path}.new`, path);
  return id as AgentId;
};

const readText = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw new HoldfastError("IO_FAILED", `${path} cannot be read`, { details: { path }, cause });
  }
};
