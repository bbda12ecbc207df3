import { loadConfig } from "@holdfast/shared/config/load-config";
import { runMain } from "@holdfast/shared/lifecycle/run-main";
import { announceReady } from "@holdfast/shared/process/ready";
import { parseArgs } from "node:util";
import { agentConfigSchema } from "./config/agent-config.ts";
import { createAgent } from "./create-agent.ts";

const { values } = parseArgs({ options: { config: { type: "string" } } });

await runMain("agent", async (signal, log, { hurry, allow }) => {
  const config = await loadConfig({
    schema: agentConfigSchema,
    file: values.config ?? process.env["HOLDFAST_CONFIG"],
    env: process.env,
    prefix: "HOLDFAST_AGENT",
  });
  allow(config.drainMs);
  await using agent = await createAgent(config, { log }, signal);
  announceReady({ agentId: agent.agentId, address: agent.diskServiceAddress });
  await agent.run(signal, hurry);
});
