import { rename, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

import { systemClock } from "@holdfast/shared/clock/clock";
import { traitsOf } from "@holdfast/shared/errors/codes";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { systemRandom } from "@holdfast/shared/ids/ids";
import { runMain } from "@holdfast/shared/lifecycle/run-main";
import { openLogger } from "@holdfast/shared/logging/pino-logger";

import type { Addresses } from "./addresses.ts";
import { loadSimulatorConfig } from "./config/load-config.ts";
import type { SimulatorConfig } from "./config/schema.ts";
import { openSimulator } from "./simulator.ts";

const readArguments = (): { readonly configFile: string; readonly stateDir: string } => {
  const { values } = parseArgs({ options: { config: { type: "string" }, state: { type: "string" } } });
  if (values.config === undefined || values.state === undefined) {
    throw new HoldfastError("INVALID_ARGUMENT", "usage: main.ts --config FILE --state DIR");
  }
  return { configFile: values.config, stateDir: resolve(values.state) };
};

const tellReady = async (stateDir: string, addresses: Addresses): Promise<void> => {
  const line = `${JSON.stringify(addresses)}\n`;
  await writeFile(join(stateDir, "ready.json.new"), line);
  await rename(join(stateDir, "ready.json.new"), join(stateDir, "ready.json"));
  process.stdout.write(line);
};

const ended = (signal: AbortSignal): Promise<void> =>
  new Promise((end) => {
    if (signal.aborted) end();
    else
      signal.addEventListener(
        "abort",
        () => {
          end();
        },
        { once: true },
      );
  });

/** The log is a file: whoever started the program reads why it failed on its standard error. */
const tellFailure = (caught: unknown): never => {
  process.stderr.write(`${HoldfastError.from(caught).message}\n`);
  throw caught;
};

const simulate = async (config: SimulatorConfig, stateDir: string): Promise<void> => {
  await rm(join(stateDir, "ready.json"), { force: true });
  using log = openLogger({ component: "ovirt-simulator", file: join(stateDir, "simulator.log") });
  const run = async (signal: AbortSignal): Promise<void> => {
    await using simulator = await openSimulator({ config, stateDir, clock: systemClock, random: systemRandom, log });
    await tellReady(stateDir, simulator.addresses);
    await ended(signal);
  };
  await runMain("ovirt-simulator", (signal) => run(signal).catch(tellFailure), { log });
};

try {
  const { configFile, stateDir } = readArguments();
  await simulate(await loadSimulatorConfig(configFile), stateDir);
} catch (caught) {
  const error = HoldfastError.from(caught);
  process.stderr.write(`${error.message}\n`);
  process.exitCode = traitsOf(error.code).exit;
}
