import { join } from "node:path";
import { type AgentId, randomName, type RandomBytes } from "@holdfast/shared/ids/ids";
import { loadIdFile } from "@holdfast/shared/ids/id-file";

/** The id under which controllers know this agent, made at its first start and kept in its data folder. */
export const loadAgentId = async (dataDir: string, random: RandomBytes): Promise<AgentId> => {
  const path = join(dataDir, "agent-id");
  const make = (): string => randomName(16, random);
  return (await loadIdFile({ path, of: "agent", form: /^[0-9a-z]{1,64}$/, make })) as AgentId;
};
