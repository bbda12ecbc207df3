import { loadConfig } from "@holdfast/shared/config/load-config";
import { serviceAnswer, serviceOptions } from "@holdfast/shared/config/service-options";
import { runMain } from "@holdfast/shared/lifecycle/run-main";
import { announceReady } from "@holdfast/shared/process/ready";
import { productVersion } from "@holdfast/shared/version/product-version";
import { parseArgs } from "node:util";
import { agentConfigSchema } from "./config/agent-config.ts";
import { createAgent } from "./create-agent.ts";

const { values } = parseArgs({ options: serviceOptions });
const answer = serviceAnswer("holdfast-agent", values);

await runMain("agent", async (signal, log, { hurry, allow }) => {
  if (answer !== undefined) {
    process.stdout.write(`${answer}\n`);
    return;
  }
  const config = await loadConfig({
    schema: agentConfigSchema,
    file: values.config ?? process.env["HOLDFAST_CONFIG"],
    env: process.env,
    prefix: "HOLDFAST_AGENT",
  });
  if (values["check-config"] === true) return;
  log.info("starting", { version: productVersion });
  allow(config.drainMs);
  await using agent = await createAgent(config, { log }, signal);
  announceReady({ agentId: agent.agentId, address: agent.diskServiceAddress });
  await agent.run(signal, hurry);
});
