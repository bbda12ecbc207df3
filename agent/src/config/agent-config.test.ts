import { loadConfig } from "@holdfast/shared/config/load-config";
import { describe, expect, it } from "vitest";
import { agentConfigSchema } from "./agent-config.ts";

const load = (env: Readonly<Record<string, string>>) =>
  loadConfig({ schema: agentConfigSchema, env, prefix: "HOLDFAST_AGENT" });
const needed = {
  HOLDFAST_AGENT_NAME: "a-1",
  HOLDFAST_AGENT_DATA_DIR: "/data/agent",
  HOLDFAST_AGENT_MANAGER: "lab",
  HOLDFAST_AGENT_CLUSTER: "east",
};

describe("an agent's configuration", () => {
  it("needs a name, a folder and a place; the rest has defaults", async () => {
    expect(await load(needed)).toMatchObject({
      name: "a-1",
      host: "",
      reachableHosts: ["*"],
      slots: 2,
      lanes: 2,
      diskService: { listen: "127.0.0.1:0" },
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

  it("names every problem at once", async () => {
    const failure = await load({ HOLDFAST_AGENT_NAME: "a", HOLDFAST_AGENT_SLOTS: "0" }).catch(
      (caught: unknown) => caught,
    );
    expect(failure).toMatchObject({ code: "CONFIG_INVALID" });
    for (const key of ["dataDir", "manager", "cluster", "slots"]) expect(String(failure)).toContain(key);
  });
});
