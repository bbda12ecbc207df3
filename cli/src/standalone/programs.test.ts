import { systemClock } from "@holdfast/shared/clock/clock";
import { expect, test } from "vitest";
import type { Layout } from "./layout.ts";
import { standalonePrograms } from "./programs.ts";

const layout: Layout = {
  dataDir: "/data",
  controllerDir: "/data/controller",
  repositoryDir: "/data/repository",
  indexPath: "/data/index/index.sqlite",
  agentDir: "/data/agent",
  logsDir: "/data/logs",
  controllerAddress: "unix:/data/run/controller.sock",
  repositoryAddress: "unix:/data/run/repository.sock",
  natsPort: 4333,
  busUrl: "nats://127.0.0.1:4333",
};

const choices = {
  layout,
  env: { PATH: "/usr/bin", HOLDFAST_PASSWORD: "secret", HOLDFAST_AGENT_LANES: "1" },
  clock: systemClock,
  agent: { name: "a-1", manager: "lab", cluster: "east", host: "", slots: 3 },
  timeZone: "Europe/Berlin",
};

test("the bus starts first and the agent last, each with a log of its own", async () => {
  const programs = standalonePrograms(choices);
  expect(programs.map((program) => program.name)).toEqual(["nats-server", "repository", "controller", "agent"]);
  const logs: (string | undefined)[] = [];
  for (const program of programs.slice(1)) logs.push((await program.process(new Map())).logFile);
  expect(logs).toEqual(["/data/logs/repository.log", "/data/logs/controller.log", "/data/logs/agent.log"]);
});

test("the agent is told where it is deployed, and no secret of the command line", async () => {
  const agent = standalonePrograms(choices).find((program) => program.name === "agent");
  const spec = await agent?.process(new Map());
  expect(spec?.env).toEqual({
    PATH: "/usr/bin",
    UV_THREADPOOL_SIZE: "16",
    HOLDFAST_AGENT_LANES: "1",
    HOLDFAST_AGENT_DATA_DIR: "/data/agent",
    HOLDFAST_AGENT_BUS_SERVERS: "nats://127.0.0.1:4333",
    HOLDFAST_AGENT_NAME: "a-1",
    HOLDFAST_AGENT_MANAGER: "lab",
    HOLDFAST_AGENT_CLUSTER: "east",
    HOLDFAST_AGENT_HOST: "",
    HOLDFAST_AGENT_SLOTS: "3",
  });
});
