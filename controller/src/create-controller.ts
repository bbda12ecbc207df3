import { join } from "node:path";
import { type Clock, systemClock } from "@holdfast/shared/clock/clock";
import { type InstallationId, type RandomBytes, systemRandom } from "@holdfast/shared/ids/ids";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { Logger } from "@holdfast/shared/logging/logger";
import { openInstallation } from "@holdfast/shared/installation/open-installation";
import { productVersion } from "@holdfast/shared/version/product-version";
import { createBusBell, serveAgents } from "./agents/agent-bus.ts";
import { openAgentRegistry } from "./agents/agent-registry.ts";
import { createAttemptLiveness } from "./agents/attempt-liveness.ts";
import { loseAttemptsOf } from "./agents/lose-attempts-of.ts";
import { createTicketBox } from "./agents/tickets.ts";
import type { VerbDeps } from "./agents/verb-deps.ts";
import { admitUsers } from "./api/admit-users.ts";
import { apiServices } from "./api/api-services.ts";
import { openApi } from "./api/open-api.ts";
import { createBackupWork } from "./backups/backup-work.ts";
import type { ControllerConfig } from "./config/controller-config.ts";
import { keepConfigurations, openConfigurationKeeper } from "./configurations/keep-configurations.ts";
import { createCopyWork } from "./copies/copy-work.ts";
import { openDatabase } from "./database/database.ts";
import { listOpenSessionIds } from "./database/sessions-table.ts";
import { listOpenTasks } from "./database/tasks-table.ts";
import type { DoctorDeps } from "./doctor/doctor-deps.ts";
import { examineAgent } from "./doctor/examine-agent.ts";
import { openDoctor } from "./doctor/open-doctor.ts";
import { createWorkerJoinTokens } from "./identity/join-token-issuer.ts";
import { createLearnRevocations } from "./identity/learn-revocations.ts";
import { openBuses } from "./identity/open-buses.ts";
import { openIdentity } from "./identity/open-identity.ts";
import { toIdentityDeps } from "./identity/to-identity-deps.ts";
import { createTrustPush } from "./identity/trust-push.ts";
import type { Listening } from "./identity/whereabouts.ts";
import type { EngineConnector } from "./inventory/engine-connector.ts";
import { type ManagerRegistry, openManagerRegistry } from "./inventory/manager-registry.ts";
import { createOvirtEngines } from "./inventory/ovirt-engines.ts";
import { runLoops } from "./loops.ts";
import { openMaintenance } from "./maintenance/open-maintenance.ts";
import { createJobVerification } from "./maintenance/verify-after-session.ts";
import { openKeyring } from "./repositories/keys/keyring.ts";
import { openRepositoryRegistry } from "./repositories/repository-registry.ts";
import { createRestoreWork } from "./restore/restore-work.ts";
import { createSessionRetention } from "./retention/retention-runs.ts";
import { openKeyFile } from "./secrets/key-file.ts";
import { createSecretBox } from "./secrets/secret-box.ts";
import { createChangeFeed } from "./sessions/change-feed.ts";
import { createCleaningBoard } from "./janitor/cleaning-board.ts";
import { createPatience } from "./sessions/patience.ts";
import { createProgressBoard } from "./sessions/progress-board.ts";
import { inTurn, stepSession } from "./sessions/step-session.ts";
import { type StepDeps, stepTask } from "./sessions/step-task.ts";
import { TaskRunner } from "./sessions/task-runner.ts";
import type { WorkDeps } from "./sessions/work-deps.ts";
import type { WorkerDeps } from "./workers/worker-deps.ts";
import { openWorkers } from "./workers/open-workers.ts";
import { createWorkerDirectory } from "./workers/worker-directory.ts";
import { openWorkerRoster, type WorkerRoster } from "./workers/worker-roster.ts";

/** A controller that serves operators and agents. */
export interface Controller extends AsyncDisposable {
  /** Where operators dial it: the first of its addresses. */
  readonly address: string;
  readonly addresses: readonly string[];
  readonly installationId: string;
}

/** What a test may put in place of the real thing. */
export interface ControllerOverrides {
  readonly clock?: Clock;
  readonly random?: RandomBytes;
  readonly engines?: EngineConnector;
}

/** Wires a controller and starts it; disposing it takes nothing new, ends what is under way, and closes. */
export const createController = async (
  config: ControllerConfig,
  log: Logger,
  overrides: ControllerOverrides = {},
): Promise<Controller> => {
  await using stack = new AsyncDisposableStack();
  const { work, users, timeZone, listening } = await openWork(stack, { config, log, overrides });
  const steps = toStepDeps(work);
  const tickets = stack.use(createTicketBox(work));
  const runner = stack.use(openTasks(steps));
  const sessions = stack.use(openSessions(work, runner.poke));
  work.changes.listen(sessions.poke);
  const verbs: VerbDeps = { ...steps, tickets, runner, ...config.agents };
  stack.use(await serveAgents(work.openedBus, verbs));
  const configurations = openConfigurationKeeper(work, config, timeZone);
  const doctor = stack.use(await openDoctor({ ...work, configurations }, config));
  stack.use(startLoops(verbs, config, timeZone));
  stack.use(keepConfigurations(configurations, work));
  const workerRunner = stack.use(await openWorkerLoop(stack, { ...work, doctor: doctor.deps }, config));
  const maintenance = openMaintenance(work);
  stack.use(maintenance.maintenanceRunner);
  const services = apiServices({
    ...steps,
    ...maintenance,
    runner,
    tickets,
    workerRunner,
    roster: work.roster,
    workerSettings: config.workers,
    engines: work.engines,
    users,
    doctor: doctor.deps,
    configurations,
    onRevoked: (member) => loseAttemptsOf(verbs, member),
    timeZone,
    version: productVersion,
    startedMs: work.clock.nowMs(),
  });
  const serving = { ...config.rpc, holder: work.identity.holder };
  const api = stack.use(await openApi({ ...serving, services, admit: admitUsers(users, log), log }));
  listening.addresses = api.addresses;
  const opened = stack.move();
  return {
    address: api.addresses[0] ?? "",
    addresses: api.addresses,
    installationId: work.installationId,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
};

/** Every kind of work that a task can be. */
const toStepDeps = <Work extends WorkDeps>(work: Work): Work & StepDeps => ({
  ...work,
  backups: createBackupWork(work),
  restores: createRestoreWork(work),
  copies: createCopyWork(work),
});

interface Opening {
  readonly config: ControllerConfig;
  readonly log: Logger;
  readonly overrides: ControllerOverrides;
}

/** What is known of the work in this process's memory only. */
const createNotes = (clock: Clock): Pick<WorkDeps, "progress" | "changes" | "patience" | "cleaning"> => ({
  progress: createProgressBoard(clock),
  changes: createChangeFeed(),
  patience: createPatience(clock),
  cleaning: createCleaningBoard(),
});

/** Opens what everything else works with, in the order in which it is closed again last. */
const openWork = async (stack: AsyncDisposableStack, { config, log, overrides }: Opening) => {
  const { clock = systemClock, random = systemRandom } = overrides;
  const engines = overrides.engines ?? createOvirtEngines(clock, log);
  const timeZone = config.timeZone ?? new Intl.DateTimeFormat().resolvedOptions().timeZone;
  const installation = await openInstallation(config.dataDir);
  const secrets = createSecretBox(await openKeyFile(config.keyFile ?? installation.files.secretKey, random), random);
  const database = stack.use(await openDatabase(join(config.dataDir, "controller.db"), clock));
  const opened = await openIdentity({ installation, database, clock, random });
  const { holder, authority, members, taskTokens, users } = opened;
  const managers = stack.use(await openManagerRegistry({ database, engines, secrets, clock, log, random }));
  const trustNumber = (): number => authority.trust.current.number;
  const keys = await openKeyring({ database, secrets, clock, random, log });
  const repositories = stack.use(await openRepositoryRegistry({ database, clock, holder, trustNumber, keys, log }));
  const agentDeps = { database, clock, members, findCluster: findClusterIn(managers) };
  const agents = await openAgentRegistry({ ...agentDeps, silentAfterMs: config.agents.silentAfterMs });
  const roster = await openWorkerRoster(database);
  const buses = await openBuses(stack, opened, { config, log, clock });
  const listening: Listening = { addresses: [] };
  const learn = createLearnRevocations({ authority, members, log });
  const push = stack.use(
    createTrustPush({ authority, systemBus: buses.system, repositories: () => repositories.list(), learn, log }),
  );
  const identity = toIdentityDeps(opened, { database, clock, random, log, push, config, listening });
  const work: WorkDeps = {
    database,
    clock,
    log,
    random,
    installationId: installation.installationId as InstallationId,
    identity,
    taskTokens,
    secrets,
    managers,
    repositories,
    agents,
    workers: createWorkerDirectory({ roster, clock, settings: config.workers }),
    liveness: createAttemptLiveness(clock, config.agents.heartbeatTimeoutMs),
    ...createNotes(clock),
    bell: createBusBell(buses.own, { agents, managers }),
    settings: config.work,
  };
  return {
    work: { ...work, engines, openedBus: buses.own, busServers: buses.servers, roster },
    users,
    timeZone,
    listening,
  };
};

/** How long a worker's agent may look around in a test. */
const examineMs = 20_000;

/** Keeps the workers, whose agents join with tokens of this installation. */
const openWorkerLoop = (
  stack: AsyncDisposableStack,
  work: WorkDeps & { readonly roster: WorkerRoster; readonly doctor: DoctorDeps },
  config: ControllerConfig,
): ReturnType<typeof openWorkers> => {
  const closing = new AbortController();
  stack.defer(() => {
    closing.abort(new HoldfastError("CANCELLED", "the controller stops"));
  });
  const issuer = createWorkerJoinTokens(work.identity, closing.signal);
  const examine: WorkerDeps["examine"] = (agent, signal) =>
    examineAgent(work.doctor, agent, { timeoutMs: examineMs, signal });
  return openWorkers({ ...work, issuer, examine, workerSettings: config.workers, dataDir: config.dataDir });
};

const findClusterIn =
  (managers: ManagerRegistry) =>
  (managerName: string, clusterName: string): { readonly managerId: string; readonly clusterId: string } | null => {
    const manager = managers.find(managerName);
    const cluster = manager?.inventory?.clusters.find(({ id, name }) => name === clusterName || id === clusterName);
    return manager === undefined || cluster === undefined
      ? null
      : { managerId: manager.record.managerId, clusterId: cluster.id };
  };

const openTasks = (steps: StepDeps): TaskRunner =>
  new TaskRunner({
    name: "task",
    clock: steps.clock,
    log: steps.log,
    list: async () => (await listOpenTasks(steps.database.queries)).map(({ taskId }) => taskId),
    step: (taskId, signal) => stepTask(steps, taskId, signal),
    sweepMs: steps.settings.sweepMs,
  });

const openSessions = (work: WorkDeps, pokeTask: (taskId: string) => void): TaskRunner => {
  const onSessionEnd = inTurn(createSessionRetention(work), createJobVerification(work));
  const deps = { ...work, onSessionEnd, pokeTask };
  return new TaskRunner({
    name: "session",
    clock: work.clock,
    log: work.log,
    list: () => listOpenSessionIds(work.database.queries),
    step: (sessionId, signal) => stepSession(deps, sessionId, signal),
    sweepMs: work.settings.sweepMs,
  });
};

const startLoops = (verbs: VerbDeps, config: ControllerConfig, timeZone: string): AsyncDisposable => {
  const closing = new AbortController();
  const running = runLoops(verbs, config, timeZone, closing.signal);
  return {
    [Symbol.asyncDispose]: async () => {
      closing.abort();
      await running;
    },
  };
};
