import { parseArgs } from "node:util";
import { describe, expect, it } from "vitest";
import { productVersion } from "../version/product-version.ts";
import { serviceAnswer, serviceOptions } from "./service-options.ts";

const answer = (...args: readonly string[]): string | undefined =>
  serviceAnswer("holdfast-agent", parseArgs({ options: serviceOptions, args: [...args] }).values);

describe("a service's command line", () => {
  it("is answered when it asks about the program", () => {
    expect(answer("--version")).toBe(productVersion);
    expect(answer("--help")).toContain("HOLDFAST_AGENT_… variables");
    expect(answer("--version", "--help")).toContain("Usage: holdfast-agent");
  });

  it("is not answered when the program is to run", () => {
    expect(answer()).toBeUndefined();
    expect(answer("--config", "/etc/holdfast/agent.yaml", "--check-config")).toBeUndefined();
  });
});
