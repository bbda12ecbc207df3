import { join } from "node:path";
import { busCredentials } from "@holdfast/shared/bus/credentials";
import { openBus } from "@holdfast/shared/bus/nats-bus";
import { type Clock, systemClock } from "@holdfast/shared/clock/clock";
import { type RandomBytes, systemRandom } from "@holdfast/shared/ids/ids";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { Logger } from "@holdfast/shared/logging/logger";
import { clientCredentials, serverCredentials } from "@holdfast/shared/rpc/credentials";
import { openRpcServer } from "@holdfast/shared/rpc/server";
import { productVersion } from "@holdfast/shared/version/product-version";
import { createBusBell, serveAgents } from "./agents/agent-bus.ts";
import { openAgentRegistry } from "./agents/agent-registry.ts";
import { createAttemptLiveness } from "./agents/attempt-liveness.ts";
import { createTicketBox } from "./agents/tickets.ts";
import type { VerbDeps } from "./agents/verb-deps.ts";
import { apiServices } from "./api/api-services.ts";
import { createBackupWork } from "./backups/backup-work.ts";
import type { ControllerConfig } from "./config/controller-config.ts";
import { loadInstallationId } from "./config/installation-id.ts";
import { openDatabase } from "./database/database.ts";
import { listOpenSessionIds } from "./database/sessions-table.ts";
import { listOpenTasks } from "./database/tasks-table.ts";
import type { EngineConnector } from "./inventory/engine-connector.ts";
import { type ManagerRegistry, openManagerRegistry } from "./inventory/manager-registry.ts";
import { createOvirtEngines } from "./inventory/ovirt-engines.ts";
import { runLoops } from "./loops.ts";
import { openRepositoryRegistry } from "./repositories/repository-registry.ts";
import { createRestoreWork } from "./restore/restore-work.ts";
import { createSessionRetention } from "./retention/retention-runs.ts";
import { openKeyFile } from "./secrets/key-file.ts";
import { createSecretBox } from "./secrets/secret-box.ts";
import { createChangeFeed } from "./sessions/change-feed.ts";
import { createPatience } from "./sessions/patience.ts";
import { createProgressBoard } from "./sessions/progress-board.ts";
import { stepSession } from "./sessions/step-session.ts";
import { type StepDeps, stepTask } from "./sessions/step-task.ts";
import { TaskRunner } from "./sessions/task-runner.ts";
import type { WorkDeps } from "./sessions/work-deps.ts";
import type { JoinTokenIssuer } from "./workers/join-token-issuer.ts";
import { openWorkers } from "./workers/open-workers.ts";
import { createWorkerDirectory } from "./workers/worker-directory.ts";
import { openWorkerRoster } from "./workers/worker-roster.ts";

/** A controller that serves operators and agents. */
export interface Controller extends AsyncDisposable {
  /** Where operators dial it. */
  readonly address: string;
  readonly installationId: string;
}

/** What a test may put in place of the real thing. */
export interface ControllerOverrides {
  readonly clock?: Clock;
  readonly random?: RandomBytes;
  readonly engines?: EngineConnector;
  readonly issuer?: JoinTokenIssuer;
}

/** Wires a controller and starts it; disposing it takes nothing new, ends what is under way, and closes. */
export const createController = async (
  config: ControllerConfig,
  log: Logger,
  overrides: ControllerOverrides = {},
): Promise<Controller> => {
  await using stack = new AsyncDisposableStack();
  const { work, timeZone } = await openWork(stack, { config, log, overrides });
  const steps: StepDeps = { ...work, backups: createBackupWork(work), restores: createRestoreWork(work) };
  const tickets = stack.use(createTicketBox(work));
  const runner = stack.use(openTasks(steps));
  const sessions = stack.use(openSessions(work, runner.poke));
  work.changes.listen(sessions.poke);
  const verbs: VerbDeps = { ...steps, tickets, runner, ...config.agents };
  stack.use(await serveAgents(work.openedBus, verbs));
  stack.use(startLoops(verbs, config, timeZone));
  const workerRunner = stack.use(
    openWorkers({
      ...work,
      issuer: overrides.issuer ?? noIssuer,
      workerSettings: config.workers,
      dataDir: config.dataDir,
    }),
  );
  const server = await openRpcServer({
    listen: config.rpc.listen,
    credentials: serverCredentials(config.rpc.security),
    log,
    services: apiServices({
      ...steps,
      runner,
      tickets,
      workerRunner,
      roster: work.roster,
      workerSettings: config.workers,
      engines: work.engines,
      timeZone,
      version: productVersion,
      startedMs: work.clock.nowMs(),
    }),
  });
  stack.use(server);
  const opened = stack.move();
  return {
    address: server.address,
    installationId: work.installationId,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
};

interface Opening {
  readonly config: ControllerConfig;
  readonly log: Logger;
  readonly overrides: ControllerOverrides;
}

/** Opens what everything else works with, in the order in which it is closed again last. */
const openWork = async (stack: AsyncDisposableStack, { config, log, overrides }: Opening) => {
  const { clock = systemClock, random = systemRandom } = overrides;
  const engines = overrides.engines ?? createOvirtEngines(clock, log);
  const timeZone = config.timeZone ?? new Intl.DateTimeFormat().resolvedOptions().timeZone;
  const installationId = await loadInstallationId(config.dataDir, config.installationId, random);
  const secrets = createSecretBox(
    await openKeyFile(config.keyFile ?? join(config.dataDir, "secret.key"), random),
    random,
  );
  const database = stack.use(await openDatabase(join(config.dataDir, "controller.db"), clock));
  const managers = stack.use(await openManagerRegistry({ database, engines, secrets, clock, log, random }));
  const repositories = stack.use(
    await openRepositoryRegistry({ database, clock, credentials: clientCredentials(config.rpc.security) }),
  );
  const agents = await openAgentRegistry({
    database,
    clock,
    findCluster: findClusterIn(managers),
    silentAfterMs: config.agents.silentAfterMs,
  });
  const roster = await openWorkerRoster(database);
  const openedBus = stack.use(
    await openBus({
      servers: config.bus.servers,
      credentials: busCredentials(config.bus.security),
      name: "controller",
      ownerId: `controller-${installationId}`,
      log,
      clock,
    }),
  );
  const work: WorkDeps = {
    database,
    clock,
    log,
    random,
    installationId,
    managers,
    repositories,
    agents,
    workers: createWorkerDirectory({ roster, clock, settings: config.workers }),
    liveness: createAttemptLiveness(clock, config.agents.heartbeatTimeoutMs),
    progress: createProgressBoard(clock),
    changes: createChangeFeed(),
    patience: createPatience(clock),
    bell: createBusBell(openedBus),
    settings: config.work,
  };
  return { work: { ...work, engines, openedBus, roster }, timeZone };
};

/** Without identities nothing that is launched could join. */
const noIssuer: JoinTokenIssuer = {
  issue: () =>
    Promise.reject(
      new HoldfastError("FAILED_PRECONDITION", "this controller issues no join tokens, so no worker can join"),
    ),
  revoke: () => Promise.resolve(),
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
  const deps = { ...work, onSessionEnd: createSessionRetention(work), pokeTask };
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
