import { loadConfig } from "@holdfast/shared/config/load-config";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { agentConfigSchema } from "./agent-config.ts";

const load = (env: Readonly<Record<string, string>>) =>
  loadConfig({ schema: agentConfigSchema, env, prefix: "HOLDFAST_AGENT" });
const needed = {
  HOLDFAST_AGENT_NAME: "a-1",
  HOLDFAST_AGENT_DATA_DIR: "/data/agent",
};

describe("an agent's configuration", () => {
  it("needs a name and a folder; the rest has defaults or comes with the join token", async () => {
    expect(await load(needed)).toMatchObject({
      name: "a-1",
      host: "",
      reachableHosts: ["*"],
      slots: 2,
      lanes: 2,
      diskService: { listen: "127.0.0.1:0" },
      bus: { servers: [] },
      drainMs: 600_000,
    });
  });

  it("takes lists and numbers from variables", async () => {
    const env = {
      ...needed,
      HOLDFAST_AGENT_REACHABLE_HOSTS: "h1, h2",
      HOLDFAST_AGENT_SLOTS: "3",
      HOLDFAST_AGENT_BUS_SERVERS: "nats://a,nats://b",
    };
    expect(await load(env)).toMatchObject({
      reachableHosts: ["h1", "h2"],
      slots: 3,
      bus: { servers: ["nats://a", "nats://b"] },
    });
    expect(await load({ ...needed, HOLDFAST_AGENT_REACHABLE_HOSTS: "" })).toMatchObject({ reachableHosts: [] });
  });

  it("never shows its join token", async () => {
    const config = await load({ ...needed, HOLDFAST_AGENT_JOIN_TOKEN: "hfj1.secret" });
    expect(config.joinToken?.reveal()).toBe("hfj1.secret");
    expect(inspect(config, { depth: 9 }) + JSON.stringify(config)).not.toContain("hfj1.secret");
  });

  it("names every problem at once", async () => {
    const failure = await load({ HOLDFAST_AGENT_NAME: "a", HOLDFAST_AGENT_SLOTS: "0" }).catch(
      (caught: unknown) => caught,
    );
    expect(failure).toMatchObject({ code: "CONFIG_INVALID" });
    for (const key of ["dataDir", "slots"]) expect(String(failure)).toContain(key);
  });
});
