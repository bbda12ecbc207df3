import { AgentService } from "@holdfast/proto/holdfast/controller/v1/agent_pb";
import { Result } from "@holdfast/proto/holdfast/controller/v1/common_pb";
import { WorkerService } from "@holdfast/proto/holdfast/controller/v1/worker_pb";
import { join } from "node:path";
import { type Installation, openInstallation } from "../harness/installation.ts";
import { type Lab, engineUser, type LabConfig, openLab, workerTemplate } from "../harness/lab.ts";
import { createOperator, describeSession, type Operator } from "../harness/operator.ts";
import { expectPointsIntact, keepReferences, type References } from "../harness/references.ts";
import type { TestRun } from "../harness/test-run.ts";
import { until } from "../harness/until.ts";
import { type Initialization, initializationSchema } from "./initialization.ts";

/** A worker that a controller has launched for a job, as far as the engine goes: its guest is for the caller to boot. */
export interface LaunchedWorker extends AsyncDisposable {
  /** What the controller told the engine of the guest, secrets included. */
  readonly initialization: Initialization;
  /** Waits until the controller calls its agent healthy. */
  readonly untilHealthy: (withinMs: number) => Promise<void>;
  /** Waits for the job's end and says how its task was done; fails unless this worker did it and its point holds what the disk held. */
  readonly untilDone: (withinMs: number) => Promise<string>;
}

/** Where the guest and processes of this machine reach each other's TCP servers. */
const meetingAddress = "198.51.100.1";

/** The guest's way to loopback, where the lab's imageio listens: nobody else dials it. */
const loopbackOfGuest = "10.0.2.2";

const workerName = "holdfast-worker-1";
const vmName = "small";
const MiB = 1024 * 1024;

/** The engine has no part in what the guest runs: for it, the VM of this template is up. */
const labConfig: LabConfig = {
  name: "ovirt",
  clusters: [{ name: "east", version: "4.7" }],
  hosts: [{ name: "host-1", cluster: "east", address: loopbackOfGuest }],
  storageDomains: [{ name: "data1" }],
  templates: [
    { name: workerTemplate, guest: "none", nics: [{ name: "nic1" }], disks: [{ alias: "worker_root", size: "4MiB" }] },
  ],
};

/** An emulated processor on a busy machine may take its time between two heartbeats, and before the first. */
const patience = {
  HOLDFAST_CONTROLLER_AGENTS_HEARTBEAT_TIMEOUT_MS: "120000",
  HOLDFAST_CONTROLLER_AGENTS_HEARTBEAT_INTERVAL_MS: "2000",
  HOLDFAST_CONTROLLER_AGENTS_SILENT_AFTER_MS: "60000",
  HOLDFAST_CONTROLLER_WORK_NO_AGENT_PATIENCE_MS: "3000000",
};

/** How the worker's NIC gets its address, as its definition says it. */
const networksOf = { dhcp: {}, static: { address: "10.0.2.40", netmask: "255.255.255.0", gateway: "10.0.2.2" } };

/** How a worker is to be launched. */
export interface LaunchSpec {
  readonly network: keyof typeof networksOf;
  readonly withinMs: number;
}

/** Opens a lab and an installation without any agent, and starts a job that needs the worker. */
export const launchWorker = async (run: TestRun, launch: LaunchSpec): Promise<LaunchedWorker> => {
  await using opening = new AsyncDisposableStack();
  const lab = opening.use(await openLab(run, labConfig));
  const spec = { run, agents: [], controllerEnv: patience, reachedAt: meetingAddress };
  const installation = opening.use(await openInstallation(spec));
  const operator = createOperator(installation);
  await operator.addManager(lab, engineUser.password);
  await operator.addRepository();
  await addWorker(installation, launch);
  const references = await addVm(run, lab, operator);
  const sessionId = await operator.startJob(vmName);
  const initialization = await initializationOf(lab);

  const owned = opening.move();
  return {
    initialization,
    untilHealthy: (ms) => untilHealthy(installation, ms),
    untilDone: async (ms) => {
      const done = await taskDone(operator, sessionId, ms);
      const intact = await expectPointsIntact(installation.door, references);
      if (intact.length !== 1) throw new Error(`there are ${intact.length} points, not 1`);
      return done;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
};

const addWorker = async ({ api }: Installation, { network, withinMs }: LaunchSpec): Promise<void> => {
  const definition = {
    name: workerName,
    manager: labConfig.name,
    cluster: "east",
    template: workerTemplate,
    tasks: 1,
    networks: [{ network: "ovirtmgmt", ...networksOf[network] }],
    launchTimeoutMs: BigInt(withinMs),
    // The guest is the caller's to power down.
    idleDelayMs: 86_400_000n,
  };
  await api.service(WorkerService).addWorker({ definition }, { timeoutMs: 60_000 });
};

const addVm = async (run: TestRun, lab: Lab, operator: Operator): Promise<References> => {
  const disk = { alias: "small_root", size: 16 * MiB, fill: { seed: vmName, bytes: 10 * MiB } };
  const { id } = await lab.control.addVm({ name: vmName, cluster: "east", status: "up", disks: [disk] });
  await operator.createJob(vmName, [vmName]);
  return await keepReferences(lab, join(run.dir, "copies"), id);
};

const initializationOf = async ({ control }: Lab): Promise<Initialization> =>
  initializationSchema.parse(
    await until("the controller to start the worker's VM", async () => {
      const vm = (await control.listVms()).find(({ name }) => name === workerName);
      return vm === undefined ? undefined : await control.workers.toldAtStart(vm.id);
    }),
  );

const untilHealthy = async ({ api }: Installation, withinMs: number): Promise<void> => {
  const isHealthy = async (): Promise<boolean> => {
    const { agents } = await api.service(AgentService).listAgents({}, { timeoutMs: 60_000 });
    return agents.some(({ name, state }) => name === workerName && state === "healthy");
  };
  await until(`the agent of ${workerName} to be healthy`, isHealthy, withinMs);
};

const taskDone = async (operator: Operator, sessionId: string, withinMs: number): Promise<string> => {
  const session = await operator.waitForEnd(sessionId, withinMs);
  const [task] = session.tasks;
  const agent = task?.attempts.at(-1)?.agentName;
  if (session.result !== Result.SUCCESS || agent !== workerName) throw new Error(describeSession(session));
  return `${agent} backed up ${task?.vmName ?? ""} by way of ${task?.disks[0]?.route ?? "none"} in attempt ${task?.attempts.length ?? 0}`;
};
