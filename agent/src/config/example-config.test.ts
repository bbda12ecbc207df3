import { join } from "node:path";
import { readExample } from "@holdfast/shared/config/testing/example-file";
import { expect, it } from "vitest";
import { agentConfigSchema } from "./agent-config.ts";

const path = join(import.meta.dirname, "..", "..", "..", "deploy", "env", "agent.yaml");

it("the example of deploy names every setting, and shows for each what it is when it is left out", async () => {
  const { asWritten, withAll, named, settings } = await readExample(path, agentConfigSchema);

  expect(named).toEqual(settings);
  expect(withAll).toMatchObject(asWritten);
});
