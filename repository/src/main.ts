import { parseArgs } from "node:util";
import { runMain } from "@holdfast/shared/lifecycle/run-main";
import { runServer } from "./program/run-server.ts";

const { values } = parseArgs({ options: { config: { type: "string" }, init: { type: "boolean" } } });

await runMain("repository", (signal, log) =>
  runServer(
    {
      configFile: values.config ?? process.env["HOLDFAST_CONFIG"],
      env: process.env,
      ...(values.init === true && { overrides: { create: true } }),
    },
    signal,
    log,
  ),
);
