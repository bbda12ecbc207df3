import { defaultCapturePolicy } from "../capture/capture-policy.ts";
import { join } from "node:path";
import type { z } from "zod";
import type { Bus } from "@holdfast/shared/bus/bus";
import { systemClock } from "@holdfast/shared/clock/clock";
import { type InstallationId, randomName, type SessionId, systemRandom } from "@holdfast/shared/ids/ids";
import { controllerOwner } from "@holdfast/shared/installation/make-installation";
import type { Installation } from "@holdfast/shared/installation/open-installation";
import { type MemoryLogger, memoryLogger } from "@holdfast/shared/logging/memory-logger";
import { createBusBell, serveAgents } from "../agents/agent-bus.ts";
import { openAgentRegistry } from "../agents/agent-registry.ts";
import type { Inventory } from "../hypervisor/inventory.ts";
import { createAttemptLiveness } from "../agents/attempt-liveness.ts";
import { createTicketBox } from "../agents/tickets.ts";
import type { VerbDeps } from "../agents/verb-deps.ts";
import { openDatabase } from "../database/database.ts";
import { listOpenSessionIds } from "../database/sessions-table.ts";
import { listOpenTasks } from "../database/tasks-table.ts";
import { openManagerRegistry } from "../inventory/manager-registry.ts";
import { noWorkers } from "../placement/no-workers.ts";
import { openKeyring } from "../repositories/keys/keyring.ts";
import { openRepositoryRegistry } from "../repositories/repository-registry.ts";
import { createSecretBox } from "../secrets/secret-box.ts";
import { createChangeFeed } from "../sessions/change-feed.ts";
import { createCleaningBoard } from "../janitor/cleaning-board.ts";
import { createPatience } from "../sessions/patience.ts";
import { createProgressBoard } from "../sessions/progress-board.ts";
import { startSession } from "../sessions/start-session.ts";
import { stepSession } from "../sessions/step-session.ts";
import { type StepDeps, stepTask } from "../sessions/step-task.ts";
import { TaskRunner } from "../sessions/task-runner.ts";
import type { WorkDeps } from "../sessions/work-deps.ts";
import { workSettingsSchema } from "../sessions/work-settings.ts";
import { openTestIdentity } from "./open-test-identity.ts";
import { openTestInstallation, type TestInstallationFolder } from "./open-test-installation.ts";
import { type ScriptedWork, createScriptedWork } from "./scripted-work.ts";
import { scriptedEngines, testInventory, testVm } from "./scripted-engine.ts";

/** A controller's inside on a real bus and a real database, whose engine work is scripted. */
export interface TestBench extends AsyncDisposable {
  readonly deps: VerbDeps;
  readonly work: ScriptedWork;
  readonly log: MemoryLogger;
  /** A connection of its own, as an agent has it. */
  readonly agentBus: Bus;
  readonly natsUrl: string;
  readonly folder: TestInstallationFolder;
  /** Starts a session with a backup of each VM (`one` and `two` in cluster c1, `three` in c2). */
  begin(sessionId: string, vms: readonly string[]): Promise<SessionId>;
}

const inventory = testInventory([testVm("one", "c1"), testVm("two", "c1"), testVm("three", "c2")]);

/** What a test may choose of its bench. */
export interface BenchFacts {
  readonly inventory?: Inventory;
  readonly settings?: z.input<typeof workSettingsSchema>;
  /** An installation with its bus that benches share which follow each other; members are each bench's own. */
  readonly home?: TestInstallationFolder;
}

/** Opens a bench; heartbeats time out after `heartbeatTimeoutMs`. */
export const openTestBench = async (heartbeatTimeoutMs = 60_000, facts: BenchFacts = {}): Promise<TestBench> => {
  await using stack = new AsyncDisposableStack();
  const folder = facts.home ?? stack.use(await openTestInstallation());
  const { nats, connect } = folder;
  const installation = withOwnMembers(folder);
  const agentBus = stack.use(await connect("agent-under-test"));
  const ownerId = controllerOwner(installation.installationId);
  const bus = stack.use(await connect(ownerId, { busKey: installation.busKey }));
  const systemBus = stack.use(await connect(ownerId, { busKey: installation.systemBusKey }));
  const work = createScriptedWork();
  const log = memoryLogger();
  const deps = await openDeps(stack, { installation, bus, systemBus, work, log, heartbeatTimeoutMs, facts });
  stack.use(await serveAgents(bus, deps));
  const opened = stack.move();
  return {
    deps,
    work,
    log,
    agentBus,
    natsUrl: nats.url,
    folder,
    begin: (sessionId, vms) => begin(deps, sessionId as SessionId, vms),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
};

const withOwnMembers = ({ installation, dataDir }: TestInstallationFolder): Installation => ({
  ...installation,
  files: { ...installation.files, members: join(dataDir, `members-${randomName(8)}.json`) },
});

interface BenchParts {
  readonly installation: Installation;
  readonly systemBus: Bus;
  readonly bus: Bus;
  readonly work: ScriptedWork;
  readonly log: MemoryLogger;
  readonly heartbeatTimeoutMs: number;
  readonly facts: BenchFacts;
}

const openDeps = async (
  stack: AsyncDisposableStack,
  { installation, bus, systemBus, work, log, heartbeatTimeoutMs, facts }: BenchParts,
): Promise<VerbDeps> => {
  const clock = systemClock;
  const database = stack.use(await openDatabase(":memory:", clock));
  const identity = stack.use(await openTestIdentity({ installation, database, systemBus, log }));
  const { holder, members, authority } = identity;
  const secrets = createSecretBox(new Uint8Array(32));
  const managers = stack.use(
    await openManagerRegistry({
      database,
      engines: scriptedEngines(facts.inventory ?? inventory),
      secrets,
      clock,
      log,
      random: systemRandom,
    }),
  );
  const anchors = { apiAnchorPem: "pem", imageioAnchorPem: "pem" };
  const manager = await managers.add(
    { name: "one", url: "https://e", username: "a@b", password: "p", ...anchors },
    AbortSignal.timeout(5_000),
  );
  const managerId = manager.record.managerId;
  const agents = await openAgentRegistry({
    database,
    clock,
    members,
    silentAfterMs: 15_000,
    findCluster: (_manager, clusterName) => ({ managerId, clusterId: clusterName }),
  });
  const deps: WorkDeps = {
    database,
    clock,
    log,
    random: systemRandom,
    installationId: "inst" as InstallationId,
    identity: identity.deps,
    taskTokens: identity.taskTokens,
    secrets,
    managers,
    repositories: stack.use(
      await openRepositoryRegistry({
        database,
        clock,
        holder,
        trustNumber: () => authority.trust.current.number,
        keys: await openKeyring({ database, secrets, clock, random: systemRandom, log }),
        log,
      }),
    ),
    agents,
    workers: noWorkers,
    liveness: createAttemptLiveness(clock, heartbeatTimeoutMs),
    progress: createProgressBoard(clock),
    changes: createChangeFeed(),
    patience: createPatience(clock),
    cleaning: createCleaningBoard(),
    bell: createBusBell(bus, { agents, managers }),
    settings: workSettingsSchema.parse({ retryDelayMs: 0, sweepMs: 20, ...facts.settings }),
  };
  const steps: StepDeps = { ...deps, backups: work, restores: work, copies: work };
  const list = async (): Promise<readonly string[]> =>
    (await listOpenTasks(database.queries)).map(({ taskId }) => taskId);
  const runner = stack.use(
    new TaskRunner({ name: "task", clock, log, sweepMs: 20, list, step: (id, signal) => stepTask(steps, id, signal) }),
  );
  const sessionDeps = { ...deps, onSessionEnd: () => Promise.resolve([]), pokeTask: runner.poke };
  const sessions = stack.use(
    new TaskRunner({
      name: "session",
      clock,
      log,
      sweepMs: 20,
      list: () => listOpenSessionIds(database.queries),
      step: (id, signal) => stepSession(sessionDeps, id, signal),
    }),
  );
  deps.changes.listen(sessions.poke);
  return { ...steps, tickets: stack.use(createTicketBox(deps)), runner, heartbeatTimeoutMs, heartbeatIntervalMs: 100 };
};

const begin = (deps: VerbDeps, sessionId: SessionId, vms: readonly string[]): Promise<SessionId> => {
  const [manager] = deps.managers.list();
  return startSession(deps, {
    sessionId,
    kind: "backup",
    jobId: "j",
    jobName: "job",
    trigger: "operator",
    timeZone: "UTC",
    tasks: vms.map((name) => ({
      managerId: manager?.record.managerId ?? "",
      engineInstanceId: "e1",
      clusterId: name === "three" ? "c2" : "c1",
      vmId: `id-${name}`,
      vmName: name,
      repositoryId: "r1",
      scope: { v: 1, kind: "backup", excludedDiskIds: [], codec: "zstd", capture: defaultCapturePolicy },
    })),
  });
};
