import { Health, HealthCheckResponse_ServingStatus as Status } from "@holdfast/proto/grpc/health/v1/health_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { readCertificate } from "@holdfast/shared/identity/certificates";
import { openRpcClient } from "@holdfast/shared/rpc/client";
import { clientCredentials } from "@holdfast/shared/rpc/credentials";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { holdDisk } from "./disk-stream/hold-disk.ts";
import { type AgentStage, once, openStageHouse, type StageHouse, stageDisk } from "./testing/agent-stage.ts";

const within = { timeout: 20_000 };
const { signal } = new AbortController();

describe("an agent's life", () => {
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

  const trust = (number: number, revoked?: Parameters<StageHouse["testBus"]["installation"]["trust"]>[1]): string =>
    house.testBus.installation.trust(number, revoked);
  const lines = (text: string) => stage.log.lines.filter(({ message }) => message.includes(text));

  it("says that it drains at a stop, takes nothing new, and finishes what it holds", async () => {
    const image = await stage.serveImage();
    const claims = [stage.newAttempt(), stage.newAttempt()];
    let isReleased = false;
    const { heard } = await stage.control({
      claim: () => {
        const attempt = claims.shift();
        return attempt === undefined ? {} : { attempt };
      },
      orders: () => ({ orders: isReleased ? stage.backupOrders() : { case: "preparing", value: "waiting" } }),
      openDisk: () => ({ access: stage.imageOf(image) }),
    });
    const { stop } = await stage.startAgent("draining", { drainMs: 60_000, slots: 1 });
    await expect.poll(() => heard.orders.length, within).toBeGreaterThan(0);
    expect(heard.hello.some(({ draining }) => draining)).toBe(false);
    const [hello] = heard.hello;
    expect(readCertificate(hello?.certificatePem ?? "").name).toMatchObject({ role: "agent", id: hello?.agentId });
    expect(hello?.busJwt).toMatch(/^eyJ/);
    const stopping = stop();
    await expect.poll(() => heard.hello.some(({ draining }) => draining), within).toBe(true);
    isReleased = true;
    await stopping;
    expect(heard.report).toMatchObject([{ outcome: { case: "succeeded" } }]);
    expect(claims).toHaveLength(1);
  });

  it("ends what it holds at once, with a report, at a second signal", async () => {
    const claims = once(stage.newAttempt());
    const { heard } = await stage.control({
      claim: () => ({ attempt: claims() }),
      orders: () => ({ orders: { case: "preparing", value: "for ever" } }),
    });
    const { stop, hurry } = await stage.startAgent("hurried", { drainMs: 600_000 });
    await expect.poll(() => heard.orders.length, within).toBeGreaterThan(0);
    const stopping = stop();
    await expect.poll(() => lines("draining").length, within).toBe(1);
    expect(heard.report).toEqual([]);
    hurry();
    await stopping;
    expect(heard.report).toMatchObject([{ outcome: { case: "failed", value: { code: "AGENT_LOST" } } }]);
  });

  it("leaves a read that hangs when its attempt was ended", async () => {
    let isStalled = false;
    const image = await stage.serveImage({
      misbehave: ({ method, path }) => {
        if (method !== "GET" || path.includes("extents")) return undefined;
        isStalled = true;
        return { kind: "stall" };
      },
    });
    const claims = once(stage.newAttempt());
    const { heard } = await stage.control({
      claim: () => ({ attempt: claims() }),
      orders: () => ({ orders: stage.backupOrders() }),
      openDisk: () => ({ access: stage.imageOf(image) }),
      heartbeat: ({ attempts }) => ({
        ended: isStalled ? attempts.map(({ attemptId }) => ({ attemptId, code: "CANCELLED" })) : [],
      }),
    });
    await stage.startAgent("cancelled");
    const isEnded = (): boolean => lines("attempt moved").some(({ fields }) => fields["to"] === "ended");
    await expect.poll(isEnded, within).toBe(true);
    await expect.poll(() => image.openConnections(), within).toBe(0);
    expect(heard.report).toEqual([]);
  });

  it("works for no controller that forgot a revocation, says so once, and goes on asking", async () => {
    let shown = trust(5);
    const { heard } = await stage.control({
      hello: () => ({ heartbeatIntervalMs: 50, managerId: "", clusterId: "", trust: shown }),
    });
    const { agent } = await stage.startAgent("careful");
    await expect.poll(() => heard.claim.length, within).toBeGreaterThan(0);
    shown = trust(4);
    await expect
      .poll(() => lines("not worked for"), within)
      .toMatchObject([{ fields: { code: "CONTROLLER_OUTDATED" } }]);
    await expect
      .poll(() => heard.hello.at(-1)?.refusal, { timeout: 15_000 })
      .toMatch(/^CONTROLLER_OUTDATED: .*number 4, here number 5/);
    const claimed = heard.claim.length;
    const greeted = heard.hello.length;
    expect(await statusOf(agent.diskServiceAddress, agent.agentId)).toBe(Status.NOT_SERVING);
    shown = trust(6);
    await expect.poll(() => heard.hello.length, { timeout: 25_000 }).toBeGreaterThan(greeted);
    await expect.poll(() => lines("worked for again").length, within).toBe(1);
    await expect.poll(() => heard.claim.length, within).toBeGreaterThan(claimed);
    await expect.poll(() => heard.hello.at(-1)?.refusal, { timeout: 15_000 }).toBe("");
    expect(await statusOf(agent.diskServiceAddress, agent.agentId)).toBe(Status.SERVING);
    expect(JSON.parse(await readFile(join(stage.folder, "careful/identity/trust.json"), "utf8"))).toHaveProperty(
      "payload",
    );
  });

  it("claims nothing from a controller of a version that does not fit", async () => {
    const { heard } = await stage.control({
      hello: () => {
        throw new HoldfastError("VERSION_UNSUPPORTED", "agent a has version 0.1.0, this is 9.9.9");
      },
    });
    const { agent } = await stage.startAgent("old");
    await expect
      .poll(() => lines("not worked for"), within)
      .toMatchObject([{ fields: { code: "VERSION_UNSUPPORTED" } }]);
    expect(heard.claim).toEqual([]);
    expect(await statusOf(agent.diskServiceAddress, agent.agentId)).toBe(Status.NOT_SERVING);
  });

  it("ends the loans of an agent that a bundle in a hello's answer revokes, and ends itself when it is the one", async () => {
    const image = await stage.serveImage();
    let shown = trust(1);
    const { heard } = await stage.control({
      hello: () => ({ heartbeatIntervalMs: 50, managerId: "", clusterId: "", trust: shown }),
      openDisk: () => ({ access: stage.imageOf(image) }),
    });
    const { agent: lender, ended } = await stage.startAgent("lender");
    const borrower = await house.testBus.installation.identity("agent", "borrower");
    const loan = { loanId: "loan", taskId: "task", attemptId: "attempt", diskId: "d1" };
    const claims = { taskId: "task", attemptId: "attempt", diskId: "d1", lenderId: lender.agentId };
    const taskToken = house.testBus.installation.token(borrower, { ...claims, operation: "lend" });
    const { agentId, diskServiceAddress: address } = lender;
    await using held = await holdDisk({ ...loan, lender: { address, agentId, identity: borrower, taskToken } }, signal);
    expect(held.sizeBytes).toBe(stageDisk.byteLength);

    const { keyId } = readCertificate(borrower.certificatePem);
    shown = trust(2, [{ keyId, name: "borrower", revokedMs: 1 }]);
    await expect.poll(() => heard.closeDisk.length, within).toBe(1);

    const own = readCertificate(stage.identityOf(agentId).certificatePem);
    shown = trust(3, [{ keyId: own.keyId, name: "lender", revokedMs: 1 }]);
    await expect(ended).rejects.toMatchObject({ code: "IDENTITY_REVOKED" });
  });

  it("learns over the controller's API that it was revoked while nobody answers on the bus", async () => {
    const { agent, ended } = await stage.startAgent("unheard");
    const { keyId } = readCertificate(stage.identityOf(agent.agentId).certificatePem);
    house.joining.trust = trust(9, [{ keyId, name: "unheard", revokedMs: 1 }]);
    await expect(ended).rejects.toMatchObject({ code: "IDENTITY_REVOKED" });
    house.joining.trust = trust(1);
  });

  it("waits at a stop for those who read through it", async () => {
    const image = await stage.serveImage();
    await stage.control({ openDisk: () => ({ access: stage.imageOf(image) }) });
    const { agent, stop } = await stage.startAgent("lending", { drainMs: 60_000 });
    const borrower = await house.testBus.installation.identity("agent", "reader");
    const loan = { loanId: "loan", taskId: "task", attemptId: "attempt", diskId: "d1" };
    const { agentId, diskServiceAddress: address } = agent;
    const taskToken = house.testBus.installation.token(borrower, {
      taskId: "task",
      attemptId: "attempt",
      diskId: "d1",
      operation: "lend",
      lenderId: agentId,
    });
    const held = await holdDisk({ ...loan, lender: { address, agentId, identity: borrower, taskToken } }, signal);
    let isOver = false;
    const stopping = (async () => {
      await stop();
      isOver = true;
    })();
    await expect.poll(() => lines("draining"), within).toMatchObject([{ fields: { attempts: 0, lent: 1 } }]);
    expect(isOver).toBe(false);
    await held[Symbol.asyncDispose]();
    await stopping;
  });

  const statusOf = async (address: string, agentId: string): Promise<Status> => {
    const credentials = clientCredentials(stage.identityOf(agentId), { role: "agent", id: agentId });
    await using client = openRpcClient(address, credentials);
    return (await client.service(Health).check({ service: "" })).status;
  };
});
