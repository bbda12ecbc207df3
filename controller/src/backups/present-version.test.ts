import { expect, test } from "vitest";
import { presentVersion } from "./present-version.ts";

const never = new AbortController().signal;

test.each([
  ["4.5.6-1.el9", "4.5.6-1.el9"],
  ["4.3.10", "4.5.7"],
  ["4.4.10", "4.5.7"],
  ["", "4.5.7"],
])(
  "an engine that was %s when it was last asked is taken for %s after its upgrade to 4.5.7",
  async (engineVersion, taken) => {
    const identify = async () => ({ instanceId: "i", productName: "oVirt", version: "4.5.7" });
    expect(await presentVersion({ record: { engineVersion }, hypervisor: { identify } }, never)).toBe(taken);
  },
);
