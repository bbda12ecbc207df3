import type { ParseArgsOptionsConfig } from "node:util";
import { productVersion } from "../version/product-version.ts";

/** Options that every service's command line knows, in the form of `parseArgs`. */
export const serviceOptions = {
  config: { type: "string" },
  "check-config": { type: "boolean" },
  help: { type: "boolean" },
  version: { type: "boolean" },
} as const satisfies ParseArgsOptionsConfig;

/** What `--help` and `--version` answer; nothing when the service is to run. */
export const serviceAnswer = (
  program: string,
  asked: { readonly help?: boolean; readonly version?: boolean },
): string | undefined => {
  if (asked.help === true) return helpOf(program);
  return asked.version === true ? productVersion : undefined;
};

const helpOf = (program: string): string => {
  const prefix = program.toUpperCase().replaceAll("-", "_");
  return [
    `Usage: ${program} [--config FILE] [--check-config]`,
    "",
    "Runs until SIGTERM or SIGINT; logs are JSON lines on standard output.",
    "",
    `  --config FILE    configuration in YAML; ${prefix}_… variables win over it`,
    "  --check-config   read the configuration, name every problem, and end",
    "  --version        print the version and end",
    "  --help           print this and end",
  ].join("\n");
};
