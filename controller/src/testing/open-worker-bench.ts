import type { Check } from "@holdfast/shared/doctor/check";
import { openMemberRegistry } from "../identity/member-registry.ts";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@holdfast/shared/clock/clock";
import type { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { type InstallationId, systemRandom } from "@holdfast/shared/ids/ids";
import { type MemoryLogger, memoryLogger } from "@holdfast/shared/logging/memory-logger";
import { productVersion } from "@holdfast/shared/version/product-version";
import { type AgentRegistry, openAgentRegistry } from "../agents/agent-registry.ts";
import { openDatabase } from "../database/database.ts";
import type { EngineConnector } from "../inventory/engine-connector.ts";
import { type ManagerDefinition, openManagerRegistry } from "../inventory/manager-registry.ts";
import type { UploadImage } from "../hypervisor/image-upload.ts";
import { createSecretBox } from "../secrets/secret-box.ts";
import { createChangeFeed } from "../sessions/change-feed.ts";
import type { TaskRunner } from "../sessions/task-runner.ts";
import { createPatience } from "../sessions/patience.ts";
import { openWorkerRunner } from "../workers/worker-runner.ts";
import type { WorkerDeps } from "../workers/worker-deps.ts";
import { type WorkerDefinition, workerDefinitionSchema } from "../workers/worker-definition.ts";
import { createWorkerNeeds } from "../workers/worker-needs.ts";
import { openWorkerRoster } from "../workers/worker-roster.ts";
import { workerSettingsSchema } from "../workers/worker-settings.ts";
import { agentIdOfWorker } from "../placement/placed-agent.ts";
import { newWorker, type Worker } from "../workers/worker.ts";
import { scriptedEngines, testInventory } from "./scripted-engine.ts";
import { type MachineRoom, openMachineRoom } from "./machine-room.ts";
import { testAgent } from "./test-rows.ts";

/** Workers on a real database and an engine in memory. */
export interface WorkerBench extends AsyncDisposable {
  readonly deps: WorkerDeps;
  readonly room: MachineRoom;
  readonly log: MemoryLogger;
  /** Ids of the workers that work needs; a test changes it. */
  readonly needed: Set<string>;
  /** What was asked of the issuer of join tokens, in order. */
  readonly issued: string[];
  add(definition?: Partial<WorkerDefinition>, facts?: Partial<Worker>): Promise<Worker>;
  worker(): Worker;
  /** The agent of the worker says hello. */
  hello(workerId: string, version?: string): Promise<void>;
  /** Starts looking after the workers, as after a start of the controller; disposing it ends that. */
  run(): TaskRunner;
  /** What the agents of workers find when they look around. */
  examination: readonly Check[];
  /** What was uploaded: file and URLs. */
  readonly uploads: { readonly file: string; readonly urls: readonly string[] }[];
  /** What an upload fails with; null for none. */
  failUpload: HoldfastError | null;
}

const workerId = "worker000001";

/** A definition for tests: by template, without any wait. */
export const testDefinition = (facts: Partial<WorkerDefinition> = {}): WorkerDefinition =>
  workerDefinitionSchema.parse({
    name: "w-one",
    managerId: "m1",
    clusterId: "c1",
    source: { kind: "template", name: "worker" },
    idleDelayMs: 0,
    launchTimeoutMs: 60_000,
    ...facts,
  });

/** A manager to work on in place of the engine in memory. */
export interface BenchManager {
  readonly engines: EngineConnector;
  readonly definition: ManagerDefinition;
  readonly upload: UploadImage;
}

/** Opens a bench whose agents say hello as soon as a VM of the engine in memory runs, unless told otherwise. */
export const openWorkerBench = async (
  settings: Record<string, number> = {},
  real?: BenchManager,
): Promise<WorkerBench> => {
  await using stack = new AsyncDisposableStack();
  const room = openMachineRoom();
  const clock = systemClock;
  const log = memoryLogger();
  const database = stack.use(await openDatabase(":memory:", clock));
  const engines = real?.engines ?? { ...scriptedEngines(testInventory([])), open: () => room.hypervisor };
  const managers = stack.use(
    await openManagerRegistry({
      database,
      engines,
      secrets: createSecretBox(new Uint8Array(32)),
      clock,
      log,
      random: systemRandom,
    }),
  );
  const anchors = { apiAnchorPem: "pem", imageioAnchorPem: "pem" };
  const manager = await managers.add(
    real?.definition ?? { name: "one", url: "https://e", username: "a@b", password: "p", ...anchors },
    AbortSignal.timeout(5_000),
  );
  const { managerId } = manager.record;
  const nothing = (): Promise<void> => Promise.resolve();
  const ledger = { members: [], busRevoked: {}, keep: nothing, revokeOnBus: nothing };
  const agents = await openAgentRegistry({
    database,
    clock,
    members: await openMemberRegistry(database, ledger),
    silentAfterMs: 60_000,
    findCluster: (_name, clusterName) => ({ managerId, clusterId: clusterName }),
  });
  const needed = new Set<string>();
  const issued: string[] = [];
  const deps: WorkerDeps = {
    database,
    clock,
    log,
    random: systemRandom,
    installationId: "inst" as InstallationId,
    managers,
    agents,
    patience: createPatience(clock),
    changes: createChangeFeed(),
    roster: await openWorkerRoster(database),
    needs: createWorkerNeeds(() => Promise.resolve({ needed: new Set(needed) })),
    issuer: {
      issue: ({ agentId }) => {
        issued.push(`issue ${agentId}`);
        return Promise.resolve(`hfj1.token-${issued.length}`);
      },
      revoke: (agentId) => {
        issued.push(`revoke ${agentId}`);
        return Promise.resolve();
      },
    },
    examine: () => Promise.resolve(bench.examination),
    upload:
      real?.upload ??
      (({ file, urls }) => {
        bench.uploads.push({ file, urls });
        return bench.failUpload === null ? Promise.resolve() : Promise.reject(bench.failUpload);
      }),
    imageDir: join(tmpdir(), "nowhere"),
    workerSettings: workerSettingsSchema.parse({
      sweepMs: 5,
      lookMs: 5,
      startPatienceMs: 0,
      askAgainMs: 5,
      lateMs: 0,
      ...settings,
    }),
  };
  room.onRun = () => void hello(agents, workerId);
  const opened = stack.move();
  const bench: WorkerBench = {
    examination: [],
    uploads: [],
    failUpload: null,
    deps,
    room,
    log,
    needed,
    issued,
    add: (definition, facts) => deps.roster.add(testWorker({ ...definition, managerId }, facts)),
    worker: () => deps.roster.get(workerId),
    hello: (id, version) => hello(agents, id, version),
    run: () => openWorkerRunner(deps),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
  return bench;
};

const testWorker = (definition: Partial<WorkerDefinition>, facts: Partial<Worker> = {}): Worker => ({
  ...newWorker(workerId, testDefinition(definition), 1),
  ...facts,
});

const hello = async (agents: AgentRegistry, id: string, version = productVersion): Promise<void> => {
  await agents.hear(testAgent({ agentId: agentIdOfWorker(id), name: "w-one", version, seenMs: 2 }));
};
