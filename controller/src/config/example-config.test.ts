import { join } from "node:path";
import { readExample } from "@holdfast/shared/config/testing/example-file";
import { expect, it } from "vitest";
import { controllerConfigSchema } from "./controller-config.ts";

const path = join(import.meta.dirname, "..", "..", "..", "deploy", "env", "controller.yaml");

it("the example of deploy names every setting, and shows for each what it is when it is left out", async () => {
  const { asWritten, withAll, named, settings } = await readExample(path, controllerConfigSchema);

  expect(named).toEqual(settings);
  expect(withAll).toMatchObject(asWritten);
});
