import type { MessageInitShape } from "@bufbuild/protobuf";
import { type AttemptSchema, type BackupDisk, TaskKind } from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import type { Bus } from "@holdfast/shared/bus/bus";
import { signAgentUser } from "@holdfast/shared/bus/bus-accounts";
import { openTestBus, type TestBus } from "@holdfast/shared/bus/testing/test-bus";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { Identity } from "@holdfast/shared/identity/identity";
import { readIdentityFolder } from "@holdfast/shared/identity/identity-folder";
import type { TaskClaims } from "@holdfast/shared/identity/task-token";
import { openServedIdentity, type ServedIdentity } from "@holdfast/shared/identity/testing/served-identity";
import { type MemoryLogger, memoryLogger } from "@holdfast/shared/logging/memory-logger";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openScriptedController, type Script, type ScriptedController } from "../claims/testing/scripted-controller.ts";
import { agentConfigSchema } from "../config/agent-config.ts";
import { type Agent, createAgent } from "../create-agent.ts";
import { type ImageServer, type ImageServerOptions, openImageServer } from "../imageio/testing/image-server.ts";
import { makeTestIdentity, type TestIdentity } from "../imageio/testing/test-identity.ts";
import { openRepositoryProcess, type RepositoryProcess } from "./repository-process.ts";
import { fillBlock, zeroExtents } from "./test-disk.ts";

const MiB = 1024 * 1024;

/** The ticket of every image of a stage. */
export const stageTicket = "0f7c1a52-1111-4222-8333-444455556666";

/** The disk that images serve: five of eight MiB are filled. */
export const stageDisk = Buffer.alloc(8 * MiB);
for (let at = 0; at < 5 * MiB; at += 64 * 1024) fillBlock(stageDisk, at, "agent");

/** What the agents of a file share: a bus, a repository, and where they join. */
export interface StageHouse extends AsyncDisposable {
  readonly testBus: TestBus;
  readonly repository: RepositoryProcess;
  /** The part of the controller's API that agents ask. */
  readonly joining: ServedIdentity;
  /** Everything of one test. */
  readonly openStage: () => Promise<AgentStage>;
}

/** An agent that runs. */
export interface StartedAgent {
  readonly agent: Agent;
  /** As a signal does; resolves when the agent has ended. */
  readonly stop: () => Promise<void>;
  /** As a second signal does. */
  readonly hurry: () => void;
  /** Settles when it has ended, by itself too. */
  readonly ended: Promise<void>;
}

/** Starts what agents need around them. */
export const openStageHouse = async (): Promise<StageHouse> => {
  await using opening = new AsyncDisposableStack();
  const testBus = opening.use(await openTestBus(memoryLogger()));
  const { installation, seeds, server } = testBus;
  const busJwt = (agentId: string, publicKey: string): Promise<string> =>
    signAgentUser(seeds.account, { agentId, publicKey, managerName: "m", clusterName: "c" });
  const joining = opening.use(await openServedIdentity(installation, { busJwt, busServers: [server.url] }));
  const repository = opening.use(await openRepositoryProcess(Promise.resolve(installation)));
  const identity = await makeTestIdentity();
  const owned = opening.move();
  const openStage = async (): Promise<AgentStage> => {
    const folder = await mkdtemp(join(tmpdir(), "hf-agent-"));
    const log = memoryLogger();
    const bus = await testBus.connect({ ownerId: "controller", log });
    return new AgentStage({ testBus, repository, joining, identity, folder, log, bus });
  };
  return { testBus, repository, joining, openStage, [Symbol.asyncDispose]: () => owned.disposeAsync() };
};

interface StageParts {
  readonly testBus: TestBus;
  readonly repository: RepositoryProcess;
  readonly joining: ServedIdentity;
  readonly identity: TestIdentity;
  readonly folder: string;
  readonly log: MemoryLogger;
  readonly bus: Bus;
}

let taskCount = 0;

/** Agents, images and a scripted controller of one test. */
export class AgentStage implements AsyncDisposable {
  readonly folder: string;
  readonly log: MemoryLogger;
  /** The controller's connection. */
  readonly bus: Bus;
  readonly stack = new AsyncDisposableStack();
  readonly #parts: StageParts;
  readonly #identities = new Map<string, Identity>();

  constructor(parts: StageParts) {
    this.#parts = parts;
    const { folder, log, bus } = parts;
    [this.folder, this.log, this.bus] = [folder, log, bus];
    this.stack.defer(() => rm(folder, { recursive: true, force: true }));
    this.stack.use(bus);
  }

  async serveImage(options: Partial<ImageServerOptions> = {}): Promise<ImageServer> {
    const { identity } = this.#parts;
    const extents = { zero: zeroExtents(stageDisk) };
    return this.stack.use(
      await openImageServer({ identity, disk: stageDisk, ticket: stageTicket, extents, ...options }),
    );
  }

  settingsOf(name: string) {
    return {
      name,
      dataDir: join(this.folder, name),
      manager: "m",
      cluster: "c",
      joinToken: this.#parts.joining.invite("agent").reveal(),
      slots: 1,
      drainMs: 0,
    };
  }

  async startAgent(name: string, settings: Readonly<Record<string, unknown>> = {}): Promise<StartedAgent> {
    const config = agentConfigSchema.parse({ ...this.settingsOf(name), ...settings });
    const agent = this.stack.use(await createAgent(config, { log: this.log }, new AbortController().signal));
    const stored = await readIdentityFolder(join(config.dataDir, "identity"));
    if (stored !== undefined) this.#identities.set(agent.agentId, stored.identity);
    const [stopping, hurrying] = [new AbortController(), new AbortController()];
    const over = new HoldfastError("CANCELLED", "the test is over");
    const running = agent.run(stopping.signal, hurrying.signal);
    running.catch(() => undefined);
    const stop = async (): Promise<void> => {
      stopping.abort(over);
      await running;
    };
    const hurry = (): void => {
      hurrying.abort(over);
    };
    this.stack.defer(async () => {
      hurry();
      await stop().catch(() => undefined);
    });
    return { agent, stop, hurry, ended: running };
  }

  identityOf(agentId: string): Identity {
    const held = this.#identities.get(agentId);
    if (held === undefined) throw new Error(`no agent ${agentId}`);
    return held;
  }

  tokenFor(agentId: string, claims: Partial<TaskClaims>): string {
    const { testBus, repository } = this.#parts;
    return testBus.installation.token(this.identityOf(agentId), { repositoryId: repository.repositoryId, ...claims });
  }

  /** A controller by a script, which puts the task tokens into what the script orders. */
  async control(script: Script): Promise<ScriptedController> {
    const attempts = new Map<string, NonNullable<ReturnType<NonNullable<Script["claim"]>>["attempt"]>>();
    const claim: Script["claim"] = (request) => {
      const answer = script.claim?.(request) ?? {};
      if (answer.attempt?.attemptId !== undefined) attempts.set(answer.attempt.attemptId, answer.attempt);
      return answer;
    };
    const orders: Script["orders"] = (request) => {
      const answer = script.orders?.(request) ?? {};
      if (answer.orders?.case !== "backup") return answer;
      const { taskId = "", number: attemptNumber = 1, attemptId = "" } = attempts.get(request.attemptId) ?? {};
      const vm = { engineInstanceId: "engine", vmId: "vm" };
      const claims = { operation: "backup", taskId, attemptNumber, attemptId, ...vm } as const;
      const taskToken = this.tokenFor(request.agentId, claims);
      return { orders: { case: "backup", value: { ...answer.orders.value, taskToken } } };
    };
    const hello: Script["hello"] = () => ({ heartbeatIntervalMs: 50, trust: this.#parts.testBus.installation.trust() });
    return this.stack.use(await openScriptedController(this.bus, { hello, ...script, claim, orders }));
  }

  newAttempt(): MessageInitShape<typeof AttemptSchema> {
    taskCount += 1;
    return {
      taskId: `agenttask${taskCount}`,
      number: 1,
      attemptId: `attempt${taskCount}`,
      sessionId: "session",
      kind: TaskKind.BACKUP,
      vmName: "web",
      correlationId: "corr",
    };
  }

  backupOrders(mode: BackupDisk["mode"] = "full") {
    const { repositoryId, address } = this.#parts.repository;
    return {
      case: "backup" as const,
      value: {
        repository: { repositoryId, address },
        vm: { engineInstanceId: "engine", vmId: "vm", name: "web" },
        codec: "zstd",
        disks: [{ diskId: "d1", alias: "d1", sizeBytes: BigInt(stageDisk.byteLength), mode, reason: "test" }],
        context: { configurationJson: "{}" },
      },
    };
  }

  imageOf({ url }: ImageServer) {
    const sizeBytes = BigInt(stageDisk.byteLength);
    const value = { transferUrl: url, anchorPem: this.#parts.identity.cert, hostName: "host-1", sizeBytes };
    return { case: "image" as const, value };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stack.disposeAsync();
  }
}

/** Gives a value at the first call, and undefined from then on. */
export const once = <T>(value: T): (() => T | undefined) => {
  let left: T | undefined = value;
  return () => {
    const given = left;
    left = undefined;
    return given;
  };
};
