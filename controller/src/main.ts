import { parseArgs } from "node:util";
import { loadConfig } from "@holdfast/shared/config/load-config";
import { serviceAnswer, serviceOptions } from "@holdfast/shared/config/service-options";
import { untilAborted } from "@holdfast/shared/lifecycle/abort";
import { runMain } from "@holdfast/shared/lifecycle/run-main";
import { announceReady } from "@holdfast/shared/process/ready";
import { productVersion } from "@holdfast/shared/version/product-version";
import { controllerConfigSchema } from "./config/controller-config.ts";
import { createController } from "./create-controller.ts";
import { runRecovery } from "./recovery/recover-program.ts";

const serve = async (): Promise<void> => {
  const { values } = parseArgs({ options: serviceOptions });
  const answer = serviceAnswer("holdfast-controller", values);

  await runMain("controller", async (signal, log) => {
    if (answer !== undefined) {
      process.stdout.write(`${answer}\n`);
      return;
    }
    const config = await loadConfig({
      schema: controllerConfigSchema,
      file: values.config ?? process.env["HOLDFAST_CONFIG"],
      env: process.env,
      prefix: "HOLDFAST_CONTROLLER",
    });
    if (values["check-config"] === true) return;
    log.info("starting", { version: productVersion });
    await using controller = await createController(config, log);
    const { address, addresses, installationId } = controller;
    announceReady({ address, addresses: addresses.join(","), installationId });
    await untilAborted(signal);
  });
};

if (process.argv[2] === "recover") {
  process.exitCode = await runRecovery(process.argv.slice(3), (line) => void process.stdout.write(`${line}\n`));
} else await serve();
