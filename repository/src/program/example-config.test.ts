import { join } from "node:path";
import { readExample } from "@holdfast/shared/config/testing/example-file";
import { expect, it } from "vitest";
import { serverConfigSchema } from "./server-config.ts";

const path = join(import.meta.dirname, "..", "..", "..", "deploy", "env", "repository.yaml");

it("the example of deploy names every setting, and shows for each what it is when it is left out", async () => {
  const { asWritten, withAll, named, settings } = await readExample(path, serverConfigSchema);

  expect(named).toEqual(settings);
  expect(withAll).toMatchObject(asWritten);
});
