import { loadConfig } from "@holdfast/shared/config/load-config";

import { findDangling } from "./references.ts";
import { type SimulatorConfig, configSchema } from "./schema.ts";

const withReferences = configSchema.superRefine((config, context) => {
  for (const { path, message } of findDangling(config)) context.addIssue({ code: "custom", path: [...path], message });
});

/** The configuration of a YAML file. Throws CONFIG_INVALID with every problem at once. */
export const loadSimulatorConfig = (file: string): Promise<SimulatorConfig> =>
  loadConfig({ schema: withReferences, file, env: {}, prefix: "OVIRT_SIMULATOR" });
