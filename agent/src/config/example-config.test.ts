import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { readExample } from "@holdfast/shared/config/testing/example-file";
import { expect, it } from "vitest";
import { agentConfigSchema } from "./agent-config.ts";

const deploy = join(import.meta.dirname, "..", "..", "..", "deploy");
const path = join(deploy, "env", "agent.yaml");

/** After that, and the time for tasks, the process ends itself. */
const endWithinMs = 30_000;

it("the example of deploy names every setting, and shows for each what it is when it is left out", async () => {
  const { asWritten, withAll, named, settings } = await readExample(path, agentConfigSchema);

  expect(named).toEqual(settings);
  expect(withAll).toMatchObject(asWritten);
});

it("its unit is given more time to stop than tasks are given to finish by default", async () => {
  const unit = await readFile(join(deploy, "systemd", "holdfast-agent.service"), "utf8");
  const minutes = Number(/^TimeoutStopSec=(\d+)min$/m.exec(unit)?.[1]);
  const { drainMs } = agentConfigSchema.parse({ name: "a", dataDir: "/a" });

  expect(minutes * 60_000).toBeGreaterThan(drainMs + endWithinMs);
});
