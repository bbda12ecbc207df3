import { WakeSchema } from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import { toAgentSubject } from "@holdfast/shared/bus/subjects";
import { busPublish } from "@holdfast/shared/bus/typed";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { startProcess } from "@holdfast/shared/process/child-process";
import { programArguments } from "@holdfast/shared/process/testing/program-files";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Agent } from "./create-agent.ts";
import {
  type AgentStage,
  once,
  openStageHouse,
  type StageHouse,
  stageDisk,
  stageTicket,
} from "./testing/agent-stage.ts";

const MiB = 1024 * 1024;
const within = { timeout: 20_000 };

describe("an agent", () => {
  let house: StageHouse;
  let stage: AgentStage;

  beforeAll(async () => {
    house = await openStageHouse();
  });
  afterAll(() => house[Symbol.asyncDispose]());
  beforeEach(async () => {
    stage = await house.openStage();
  });
  afterEach(() => stage[Symbol.asyncDispose]());

  /** A second disk whose transfer never opens keeps the attempt from ending by itself. */
  const withSecondDisk = (orders: ReturnType<AgentStage["backupOrders"]>) => {
    const [first] = orders.value.disks;
    return {
      ...orders,
      value: { ...orders.value, disks: first === undefined ? [] : [first, { ...first, diskId: "d2" }] },
    };
  };

  it("claims, waits for its orders and its disk, backs up, gives the disk back, reports", async () => {
    const image = await stage.serveImage();
    const attempt = stage.newAttempt();
    const claims = once(attempt);
    const waitsOnce = { orders: once(true), disk: once(true) };
    const { heard } = await stage.control({
      claim: () => ({ attempt: claims() }),
      orders: () => ({ orders: waitsOnce.orders() ? { case: "preparing", value: "starting" } : stage.backupOrders() }),
      openDisk: () => ({ access: waitsOnce.disk() ? { case: "preparing", value: "opening" } : stage.imageOf(image) }),
    });
    const { agent } = await stage.startAgent("one");
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
    expect(inspect(stage.log.lines, { depth: 20 })).not.toContain(stageTicket);
  });

  it("stops at once when it is told that its attempt ended, and reports nothing (A5)", async () => {
    const image = await stage.serveImage({
      misbehave: ({ method, path }) => {
        if (method === "GET" && !path.includes("extents")) isReading = true;
        return undefined;
      },
    });
    let isReading = false;
    const claims = once(stage.newAttempt());
    const { heard } = await stage.control({
      claim: () => ({ attempt: claims() }),
      orders: () => ({ orders: withSecondDisk(stage.backupOrders()) }),
      openDisk: ({ diskId }) => ({
        access: diskId === "d1" ? stage.imageOf(image) : { case: "preparing", value: "for ever" },
      }),
      heartbeat: ({ attempts }) => ({
        ended: isReading ? attempts.map(({ attemptId }) => ({ attemptId, code: "CANCELLED" })) : [],
      }),
    });
    await stage.startAgent("ended");
    await expect
      .poll(
        () => stage.log.lines.some(({ message, fields }) => message === "attempt moved" && fields?.["to"] === "ended"),
        within,
      )
      .toBe(true);
    expect(heard.report).toEqual([]);
    await expect.poll(() => image.openConnections()).toBe(0);
    await expect.poll(() => heard.claim.length, within).toBeGreaterThan(1);
  });

  it("works on while nobody answers its heartbeats, and repeats its report until it is answered", async () => {
    const image = await stage.serveImage();
    const claims = once(stage.newAttempt());
    let reports = 0;
    const { heard } = await stage.control({
      claim: () => ({ attempt: claims() }),
      orders: () => ({ orders: stage.backupOrders() }),
      openDisk: () => ({ access: stage.imageOf(image) }),
      heartbeat: () => {
        throw new HoldfastError("UNAVAILABLE", "starting");
      },
      report: () => {
        reports += 1;
        if (reports < 3) throw new HoldfastError("UNAVAILABLE", "starting");
        return {};
      },
    });
    await stage.startAgent("patient");
    await expect.poll(() => heard.report.length, within).toBe(3);
    expect(heard.report.every(({ outcome }) => outcome.case === "succeeded")).toBe(true);
  });

  it("reports what failed, with a code and whether another try may help", async () => {
    const image = await stage.serveImage({
      misbehave: () => ({ kind: "status", status: 403, text: `No such ticket ${stageTicket}` }),
    });
    const claims = once(stage.newAttempt());
    const { heard } = await stage.control({
      claim: () => ({ attempt: claims() }),
      orders: () => ({ orders: stage.backupOrders() }),
      openDisk: () => ({ access: stage.imageOf(image) }),
    });
    await stage.startAgent("failing");
    await expect.poll(() => heard.report.length, within).toBe(1);
    expect(heard.report[0]?.outcome).toMatchObject({
      case: "failed",
      value: { code: "TICKET_REFUSED", retryable: true },
    });
    // No ticket let it in, so there is nothing that it could close.
    expect(heard.closeDisk).toEqual([]);
    expect(inspect([stage.log.lines, heard.report], { depth: 20 })).not.toContain(stageTicket);
  });

  it("reports the highest attempt that the repository names when it refuses a retired one (A9)", async () => {
    const image = await stage.serveImage({
      misbehave: () => ({ kind: "status", status: 403, text: "No such ticket" }),
    });
    const first = stage.newAttempt();
    const claims = [
      { ...first, number: 5 },
      { ...first, attemptId: `${first.attemptId}-old`, number: 1 },
    ];
    const { heard } = await stage.control({
      claim: () => {
        const attempt = claims.shift();
        return attempt === undefined ? {} : { attempt };
      },
      orders: () => ({ orders: stage.backupOrders() }),
      openDisk: () => ({ access: stage.imageOf(image) }),
    });
    await stage.startAgent("overtaken");
    await expect.poll(() => heard.report.length, within).toBe(2);
    expect(heard.report.map(({ outcome }) => outcome)).toMatchObject([
      { case: "failed", value: { code: "TICKET_REFUSED", highestAttempt: 0 } },
      { case: "failed", value: { code: "ATTEMPT_FENCED", highestAttempt: 5 } },
    ]);
  });

  it("reads a disk through another agent, which claims the ticket itself (A11)", async () => {
    const image = await stage.serveImage();
    const attempt = stage.newAttempt();
    let borrower = "";
    let lender: Agent | undefined;
    const claims = once(attempt);
    const { heard } = await stage.control({
      claim: ({ agentId }) => (agentId === borrower ? { attempt: claims() } : {}),
      orders: () => ({ orders: stage.backupOrders() }),
      openDisk: ({ loanId }) =>
        loanId === "loan-1"
          ? { access: stage.imageOf(image) }
          : {
              access: {
                case: "loan",
                value: {
                  loanId: "loan-1",
                  agentId: lender?.agentId ?? "",
                  address: lender?.diskServiceAddress ?? "",
                  taskToken: stage.tokenFor(borrower, {
                    operation: "lend",
                    taskId: attempt.taskId ?? "",
                    attemptId: attempt.attemptId ?? "",
                    diskId: "d1",
                    lenderId: lender?.agentId ?? "",
                  }),
                  sizeBytes: BigInt(stageDisk.byteLength),
                },
              },
            },
    });
    ({ agent: lender } = await stage.startAgent("lender"));
    borrower = (await stage.startAgent("borrower")).agent.agentId;
    busPublish(stage.bus, toAgentSubject(borrower), WakeSchema, { attemptId: "" });
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
    const claims = once(stage.newAttempt());
    const { heard } = await stage.control({
      claim: () => ({ attempt: claims() }),
      orders: () => ({ orders: { case: "preparing", value: "starting" } }),
    });
    const { stop } = await stage.startAgent("stopped");
    await expect.poll(() => heard.orders.length, within).toBeGreaterThan(0);
    await stop();
    expect(heard.report).toMatchObject([
      { outcome: { case: "failed", value: { code: "AGENT_LOST", retryable: true } } },
    ]);
  });

  it("is a program that says when it is ready, keeps its id, and ends on SIGTERM", async () => {
    const file = join(stage.folder, "agent.json");
    await writeFile(file, JSON.stringify(stage.settingsOf("program")));
    const start = async (): Promise<string> => {
      const args = [...programArguments("agent/main"), "--config", file];
      await using child = await startProcess({ name: "agent", command: process.execPath, args });
      const ready = await child.ready(20_000);
      expect(await child.stop()).toEqual({ code: 0, signal: null });
      return String(ready["agentId"]);
    };
    expect(await start()).toBe(await start());
  });
});
