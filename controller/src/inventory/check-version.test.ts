import { expect, test } from "vitest";

import { checkVersion } from "./check-version.ts";

test.each([
  ["4.3.10", false, /not supported/],
  ["4.4.7", true, /read in full/],
  ["4.5.6-1.el9", true, /^oVirt 4\.5\.6-1\.el9$/],
  ["5.0", true, /^oVirt 5\.0$/],
  ["", false, /not supported/],
])("version %s passes: %s", (version, passed, message) => {
  const check = checkVersion({ productName: "oVirt", version });
  expect(check).toMatchObject({ name: "version", passed, skipped: false });
  expect(check.message).toMatch(message);
});
