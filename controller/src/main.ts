import { parseArgs } from "node:util";
import { loadConfig } from "@holdfast/shared/config/load-config";
import { untilAborted } from "@holdfast/shared/lifecycle/abort";
import { runMain } from "@holdfast/shared/lifecycle/run-main";
import { announceReady } from "@holdfast/shared/process/ready";
import { controllerConfigSchema } from "./config/controller-config.ts";
import { createController } from "./create-controller.ts";

const { values } = parseArgs({ options: { config: { type: "string" } } });

await runMain("controller", async (signal, log) => {
  const config = await loadConfig({
    schema: controllerConfigSchema,
    file: values.config ?? process.env["HOLDFAST_CONFIG"],
    env: process.env,
    prefix: "HOLDFAST_CONTROLLER",
  });
  await using controller = await createController(config, log);
  const { address, addresses, installationId } = controller;
  announceReady({ address, addresses: addresses.join(","), installationId });
  await untilAborted(signal);
});
