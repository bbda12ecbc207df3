import type { MessageInitShape } from "@bufbuild/protobuf";
import { type AttemptSchema, type BackupDisk, TaskKind, WakeSchema } from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import type { Bus } from "@holdfast/shared/bus/bus";
import { signAgentUser } from "@holdfast/shared/bus/bus-accounts";
import { toAgentSubject } from "@holdfast/shared/bus/subjects";
import { openTestBus, type TestBus } from "@holdfast/shared/bus/testing/test-bus";
import { busPublish } from "@holdfast/shared/bus/typed";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { Identity } from "@holdfast/shared/identity/identity";
import { readIdentityFolder } from "@holdfast/shared/identity/identity-folder";
import { openServedIdentity, type ServedIdentity } from "@holdfast/shared/identity/testing/served-identity";
import { memoryLogger } from "@holdfast/shared/logging/memory-logger";
import type { TaskClaims } from "@holdfast/shared/identity/task-token";
import { startProcess } from "@holdfast/shared/process/child-process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openScriptedController, type Script, type ScriptedController } from "./claims/testing/scripted-controller.ts";
import { agentConfigSchema } from "./config/agent-config.ts";
import { type Agent, createAgent } from "./create-agent.ts";
import { type ImageServer, type ImageServerOptions, openImageServer } from "./imageio/testing/image-server.ts";
import { makeTestIdentity } from "./imageio/testing/test-identity.ts";
import { openRepositoryProcess, type RepositoryProcess } from "./testing/repository-process.ts";
import { fillBlock, zeroExtents } from "./testing/test-disk.ts";

const MiB = 1024 * 1024;
const ticket = "0f7c1a52-1111-4222-8333-444455556666";
const within = { timeout: 20_000 };

interface StartedAgent {
  readonly agent: Agent;
  /** As a signal does; resolves when the agent has ended. */
  readonly stop: () => Promise<void>;
  /** As a second signal does. */
  readonly hurry: () => void;
}

describe("an agent", () => {
  let testBus: TestBus;
  let joining: ServedIdentity;
  let repository: RepositoryProcess;
  let identity: Awaited<ReturnType<typeof makeTestIdentity>>;
  let test: AsyncDisposableStack;
  let folder: string;
  let bus: Bus;
  let log: ReturnType<typeof memoryLogger>;
  let taskCount = 0;

  beforeAll(async () => {
    testBus = await openTestBus(memoryLogger());
    const { installation, seeds, server } = testBus;
    const busJwt = (agentId: string, publicKey: string): Promise<string> =>
      signAgentUser(seeds.account, { agentId, publicKey, managerName: "m", clusterName: "c" });
    [repository, identity, joining] = await Promise.all([
      openRepositoryProcess(Promise.resolve(installation)),
      makeTestIdentity(),
      openServedIdentity(installation, { busJwt, busServers: [server.url] }),
    ]);
  });
  afterAll(async () => {
    await repository[Symbol.asyncDispose]();
    await joining[Symbol.asyncDispose]();
    await testBus[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    test = new AsyncDisposableStack();
    folder = await mkdtemp(join(tmpdir(), "hf-agent-"));
    test.defer(() => rm(folder, { recursive: true, force: true }));
    log = memoryLogger();
    bus = test.use(await testBus.connect({ ownerId: "controller", log }));
  });
  afterEach(() => test.disposeAsync());

  const disk = Buffer.alloc(8 * MiB);
  for (let at = 0; at < 5 * MiB; at += 64 * 1024) fillBlock(disk, at, "agent");

  const serveImage = async (options: Partial<ImageServerOptions> = {}): Promise<ImageServer> =>
    test.use(await openImageServer({ identity, disk, ticket, extents: { zero: zeroExtents(disk) }, ...options }));
  const settingsOf = (name: string) => ({
    name,
    dataDir: join(folder, name),
    manager: "m",
    cluster: "c",
    joinToken: joining.invite("agent").reveal(),
    slots: 1,
    drainMs: 0,
  });
  const identities = new Map<string, Identity>();
  const startAgent = async (name: string, settings: Readonly<Record<string, unknown>> = {}): Promise<StartedAgent> => {
    const config = agentConfigSchema.parse({ ...settingsOf(name), ...settings });
    const agent = test.use(await createAgent(config, { log }, new AbortController().signal));
    const stored = await readIdentityFolder(join(config.dataDir, "identity"));
    if (stored !== undefined) identities.set(agent.agentId, stored.identity);
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
    test.defer(async () => {
      hurry();
      await stop().catch(() => undefined);
    });
    return { agent, stop, hurry };
  };
  const tokenFor = (agentId: string, claims: Partial<TaskClaims>): string => {
    const held = identities.get(agentId);
    if (held === undefined) throw new Error(`no agent ${agentId}`);
    return testBus.installation.token(held, { repositoryId: repository.repositoryId, ...claims });
  };
  /** A controller by a script, which puts the task tokens into what the script orders. */
  const control = async (script: Script): Promise<ScriptedController> => {
    const attempts = new Map<string, NonNullable<ReturnType<NonNullable<Script["claim"]>>["attempt"]>>();
    const { claim, orders } = script;
    const claimed: Script["claim"] = (request) => {
      const answer = claim?.(request) ?? {};
      if (answer.attempt?.attemptId !== undefined) attempts.set(answer.attempt.attemptId, answer.attempt);
      return answer;
    };
    const ordered: Script["orders"] = (request) => {
      const answer = orders?.(request) ?? {};
      if (answer.orders?.case !== "backup") return answer;
      const { taskId = "", number = 1, attemptId = "" } = attempts.get(request.attemptId) ?? {};
      const attempt = { taskId, attemptNumber: number, attemptId };
      const taskToken = tokenFor(request.agentId, {
        ...attempt,
        operation: "backup",
        engineInstanceId: "engine",
        vmId: "vm",
      });
      return { orders: { case: "backup", value: { ...answer.orders.value, taskToken } } };
    };
    const hello = (): ReturnType<NonNullable<Script["hello"]>> => ({
      heartbeatIntervalMs: 50,
      trust: testBus.installation.trust(),
    });
    return test.use(await openScriptedController(bus, { hello, ...script, claim: claimed, orders: ordered }));
  };

  const newAttempt = (): MessageInitShape<typeof AttemptSchema> => {
    taskCount += 1;
    const kind = TaskKind.BACKUP;
    return {
      taskId: `agenttask${taskCount}`,
      number: 1,
      attemptId: `attempt${taskCount}`,
      sessionId: "session",
      kind,
      vmName: "web",
      correlationId: "corr",
    };
  };
  const once = <T>(value: T): (() => T | undefined) => {
    let left: T | undefined = value;
    return () => {
      const given = left;
      left = undefined;
      return given;
    };
  };
  const backupOrders = (mode: BackupDisk["mode"] = "full") => ({
    case: "backup" as const,
    value: {
      repository: { repositoryId: repository.repositoryId, address: repository.address },
      vm: { engineInstanceId: "engine", vmId: "vm", name: "web" },
      codec: "zstd",
      disks: [{ diskId: "d1", alias: "d1", sizeBytes: BigInt(disk.byteLength), mode, reason: "test" }],
      context: { configurationJson: "{}" },
    },
  });
  /** A second disk whose transfer never opens keeps the attempt from ending by itself. */
  const withSecondDisk = (orders: ReturnType<typeof backupOrders>) => {
    const [first] = orders.value.disks;
    return {
      ...orders,
      value: { ...orders.value, disks: first === undefined ? [] : [first, { ...first, diskId: "d2" }] },
    };
  };
  const imageOf = ({ url }: ImageServer) => ({
    case: "image" as const,
    value: { transferUrl: url, anchorPem: identity.cert, hostName: "host-1", sizeBytes: BigInt(disk.byteLength) },
  });

  it("claims, waits for its orders and its disk, backs up, gives the disk back, reports", async () => {
    const image = await serveImage();
    const attempt = newAttempt();
    const claims = once(attempt);
    const waitsOnce = { orders: once(true), disk: once(true) };
    const { heard } = await control({
      claim: () => ({ attempt: claims() }),
      orders: () => ({ orders: waitsOnce.orders() ? { case: "preparing", value: "starting" } : backupOrders() }),
      openDisk: () => ({ access: waitsOnce.disk() ? { case: "preparing", value: "opening" } : imageOf(image) }),
    });
    const { agent } = await startAgent("one");
    await expect.poll(() => heard.report.length, within).toBe(1);
    expect(heard.report[0]).toMatchObject({
      agentId: agent.agentId,
      attemptId: attempt.attemptId,
      outcome: { case: "succeeded", value: attempt.taskId },
    });
    expect(heard.report[0]?.progress?.disks[0]).toMatchObject({
      diskId: "d1",
      route: "direct",
      plannedBytes: BigInt(8 * MiB),
      storedBytes: BigInt(5 * MiB),
    });
    expect(heard.closeDisk).toMatchObject([
      { attemptId: attempt.attemptId, diskId: "d1", succeeded: true, loanId: "" },
    ]);
    expect(heard.hello[0]).toMatchObject({
      name: "one",
      managerName: "m",
      clusterName: "c",
      slots: 1,
      reachableHosts: ["*"],
    });
    await expect.poll(() => image.openConnections()).toBe(0);
    expect(inspect(log.lines, { depth: 20 })).not.toContain(ticket);
  });

  it("stops at once when it is told that its attempt ended, and reports nothing (A5)", async () => {
    const image = await serveImage({
      misbehave: ({ method, path }) => {
        if (method === "GET" && !path.includes("extents")) isReading = true;
        return undefined;
      },
    });
    let isReading = false;
    const claims = once(newAttempt());
    const { heard } = await control({
      claim: () => ({ attempt: claims() }),
      orders: () => ({ orders: withSecondDisk(backupOrders()) }),
      openDisk: ({ diskId }) => ({
        access: diskId === "d1" ? imageOf(image) : { case: "preparing", value: "for ever" },
      }),
      heartbeat: ({ attempts }) => ({
        ended: isReading ? attempts.map(({ attemptId }) => ({ attemptId, code: "CANCELLED" })) : [],
      }),
    });
    await startAgent("ended");
    await expect
      .poll(
        () => log.lines.some(({ message, fields }) => message === "attempt moved" && fields?.["to"] === "ended"),
        within,
      )
      .toBe(true);
    expect(heard.report).toEqual([]);
    await expect.poll(() => image.openConnections()).toBe(0);
    await expect.poll(() => heard.claim.length, within).toBeGreaterThan(1);
  });

  it("works on while nobody answers its heartbeats, and repeats its report until it is answered", async () => {
    const image = await serveImage();
    const claims = once(newAttempt());
    let reports = 0;
    const { heard } = await control({
      claim: () => ({ attempt: claims() }),
      orders: () => ({ orders: backupOrders() }),
      openDisk: () => ({ access: imageOf(image) }),
      heartbeat: () => {
        throw new HoldfastError("UNAVAILABLE", "starting");
      },
      report: () => {
        reports += 1;
        if (reports < 3) throw new HoldfastError("UNAVAILABLE", "starting");
        return {};
      },
    });
    await startAgent("patient");
    await expect.poll(() => heard.report.length, within).toBe(3);
    expect(heard.report.every(({ outcome }) => outcome.case === "succeeded")).toBe(true);
  });

  it("reports what failed, with a code and whether another try may help", async () => {
    const image = await serveImage({
      misbehave: () => ({ kind: "status", status: 403, text: `No such ticket ${ticket}` }),
    });
    const claims = once(newAttempt());
    const { heard } = await control({
      claim: () => ({ attempt: claims() }),
      orders: () => ({ orders: backupOrders() }),
      openDisk: () => ({ access: imageOf(image) }),
    });
    await startAgent("failing");
    await expect.poll(() => heard.report.length, within).toBe(1);
    expect(heard.report[0]?.outcome).toMatchObject({
      case: "failed",
      value: { code: "TICKET_REFUSED", retryable: true },
    });
    expect(heard.closeDisk).toMatchObject([{ succeeded: false }]);
    expect(inspect([log.lines, heard.report], { depth: 20 })).not.toContain(ticket);
  });

  it("reports the highest attempt that the repository names when it refuses a retired one (A9)", async () => {
    const image = await serveImage({ misbehave: () => ({ kind: "status", status: 403, text: "No such ticket" }) });
    const first = newAttempt();
    const claims = [
      { ...first, number: 5 },
      { ...first, attemptId: `${first.attemptId}-old`, number: 1 },
    ];
    const { heard } = await control({
      claim: () => {
        const attempt = claims.shift();
        return attempt === undefined ? {} : { attempt };
      },
      orders: () => ({ orders: backupOrders() }),
      openDisk: () => ({ access: imageOf(image) }),
    });
    await startAgent("overtaken");
    await expect.poll(() => heard.report.length, within).toBe(2);
    expect(heard.report.map(({ outcome }) => outcome)).toMatchObject([
      { case: "failed", value: { code: "TICKET_REFUSED", highestAttempt: 0 } },
      { case: "failed", value: { code: "ATTEMPT_FENCED", highestAttempt: 5 } },
    ]);
  });

  it("reads a disk through another agent, which claims the ticket itself (A11)", async () => {
    const image = await serveImage();
    const attempt = newAttempt();
    let borrower = "";
    let lender: Agent | undefined;
    const claims = once(attempt);
    const { heard } = await control({
      claim: ({ agentId }) => (agentId === borrower ? { attempt: claims() } : {}),
      orders: () => ({ orders: backupOrders() }),
      openDisk: ({ loanId }) =>
        loanId === "loan-1"
          ? { access: imageOf(image) }
          : {
              access: {
                case: "loan",
                value: {
                  loanId: "loan-1",
                  agentId: lender?.agentId ?? "",
                  address: lender?.diskServiceAddress ?? "",
                  taskToken: tokenFor(borrower, {
                    operation: "lend",
                    taskId: attempt.taskId ?? "",
                    attemptId: attempt.attemptId ?? "",
                    diskId: "d1",
                    lenderId: lender?.agentId ?? "",
                  }),
                  sizeBytes: BigInt(disk.byteLength),
                },
              },
            },
    });
    ({ agent: lender } = await startAgent("lender"));
    borrower = (await startAgent("borrower")).agent.agentId;
    busPublish(bus, toAgentSubject(borrower), WakeSchema, { attemptId: "" });
    await expect.poll(() => heard.report.length, within).toBe(1);
    expect(heard.report[0]).toMatchObject({ agentId: borrower, outcome: { case: "succeeded" } });
    expect(heard.report[0]?.progress?.disks[0]?.route).toBe("stream");
    expect(heard.openDisk.map(({ agentId, loanId }) => [agentId === borrower, loanId])).toEqual([
      [true, ""],
      [false, "loan-1"],
    ]);
    await expect.poll(() => image.openConnections()).toBe(0);
    expect(image.mostConnections()).toBeGreaterThan(0);
  });

  it("reports what it held when it is stopped", async () => {
    const claims = once(newAttempt());
    const { heard } = await control({
      claim: () => ({ attempt: claims() }),
      orders: () => ({ orders: { case: "preparing", value: "starting" } }),
    });
    const { stop } = await startAgent("stopped");
    await expect.poll(() => heard.orders.length, within).toBeGreaterThan(0);
    await stop();
    expect(heard.report).toMatchObject([
      { outcome: { case: "failed", value: { code: "AGENT_LOST", retryable: true } } },
    ]);
  });

  it("is a program that says when it is ready, keeps its id, and ends on SIGTERM", async () => {
    const file = join(folder, "agent.json");
    await writeFile(file, JSON.stringify(settingsOf("program")));
    const start = async (): Promise<string> => {
      const args = ["--conditions=source", join(import.meta.dirname, "main.ts"), "--config", file];
      await using child = await startProcess({ name: "agent", command: process.execPath, args });
      const ready = await child.ready(20_000);
      expect(await child.stop()).toEqual({ code: 0, signal: null });
      return String(ready["agentId"]);
    };
    expect(await start()).toBe(await start());
  });
});
