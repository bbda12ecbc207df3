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
  repositoryIdentityDir: "/data/identity/repository",
  agentIdentityDir: "/data/identity/agent",
  runDir: "/data/run",
  natsConfiguration: "/data/controller/identity/nats/nats.conf",
  caFile: "/data/controller/identity/ca.pem",
  tokenFile: "/data/controller/identity/admin.token",
  recoveryKit: "/data/recovery-kit.txt",
  host: "127.0.0.1",
  natsPort: 4333,
  apiListen: "127.0.0.1:7400",
  apiAddress: "127.0.0.1:7400",
  busUrl: "tls://127.0.0.1:4333",
  busAddress: "tls://127.0.0.1:4333",
};

const choices = {
  layout,
  env: { PATH: "/usr/bin", HOLDFAST_PASSWORD: "secret", HOLDFAST_AGENT_LANES: "1" },
  clock: systemClock,
  agent: { name: "a-1", manager: "lab", cluster: "east", host: "", slots: 3 },
  timeZone: "Europe/Berlin",
  invite: async (role: string) => `/data/run/${role}.join`,
};

test("the bus starts first and the agent last, each with a log of its own", async () => {
  const programs = standalonePrograms(choices);
  expect(programs.map((program) => program.name)).toEqual(["nats-server", "controller", "repository", "agent"]);
  const logs: (string | undefined)[] = [];
  for (const program of programs.slice(1)) logs.push((await program.process(new Map())).logFile);
  expect(logs).toEqual(["/data/logs/controller.log", "/data/logs/repository.log", "/data/logs/agent.log"]);
});

test("the controller listens on its socket and on TCP, and tells joiners where they find everything", async () => {
  const controller = standalonePrograms(choices).find((program) => program.name === "controller");
  expect((await controller?.process(new Map()))?.env).toMatchObject({
    HOLDFAST_CONTROLLER_RPC_LISTEN: "unix:/data/run/controller.sock,127.0.0.1:7400",
    HOLDFAST_CONTROLLER_IDENTITY_CONTROLLERS: "127.0.0.1:7400",
    HOLDFAST_CONTROLLER_IDENTITY_BUS_SERVERS: "tls://127.0.0.1:4333",
  });
});

test("the agent is told where it is deployed, and no secret of the command line", async () => {
  const agent = standalonePrograms(choices).find((program) => program.name === "agent");
  const spec = await agent?.process(new Map());
  expect(spec?.env).toEqual({
    PATH: "/usr/bin",
    UV_THREADPOOL_SIZE: "16",
    HOLDFAST_AGENT_LANES: "1",
    HOLDFAST_AGENT_DATA_DIR: "/data/agent",
    HOLDFAST_AGENT_IDENTITY_DIR: "/data/identity/agent",
    HOLDFAST_AGENT_JOIN_TOKEN_FILE: "/data/run/agent.join",
    HOLDFAST_AGENT_BUS_SERVERS: "tls://127.0.0.1:4333",
    HOLDFAST_AGENT_NAME: "a-1",
    HOLDFAST_AGENT_MANAGER: "lab",
    HOLDFAST_AGENT_CLUSTER: "east",
    HOLDFAST_AGENT_HOST: "",
    HOLDFAST_AGENT_SLOTS: "3",
  });
});
