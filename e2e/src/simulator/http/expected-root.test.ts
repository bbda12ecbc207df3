import { expect, test } from "vitest";

import { expectedRoot } from "./expected-root.ts";

test.each([
  ["POST", "/vms", "vm"],
  ["PUT", "/vms/:vm", "vm"],
  ["POST", "/vms/:vm/diskattachments", "disk_attachment"],
  ["POST", "/vms/:vm/start", "action"],
  ["POST", "/imagetransfers/:transfer/finalize", "action"],
  ["PUT", "/clusters/:cluster/affinitygroups/:group", "affinity_group"],
])("what is sent by %s to %s is named %s", (method, pattern, root) => {
  expect(expectedRoot({ method, pattern })).toBe(root);
});
