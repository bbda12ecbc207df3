import { afterAll, describe, expect, it } from "vitest";
import { memoryLogger } from "../logging/memory-logger.ts";
import type { Bus } from "./bus.ts";
import {
  claimsUpdateSubject,
  makeBusUser,
  makeControllerUser,
  makeSystemUser,
  signAgentUser,
  signBusAccounts,
} from "./bus-accounts.ts";
import { openTestBus } from "./testing/test-bus.ts";
import { agentSubject, anyAgentSubject, toAgentSubject, wakeSubject } from "./subjects.ts";

const log = memoryLogger();
const bus = await openTestBus(log);
afterAll(() => bus[Symbol.asyncDispose]());
const bytes = (text: string): Uint8Array => Buffer.from(text);
const soon = { timeoutMs: 1_500 };

const asAgent = async (agentId: string): Promise<{ readonly client: Bus; readonly publicKey: string }> => {
  const { seed, publicKey } = makeBusUser();
  const place = { managerName: "prod", clusterName: "east" };
  const jwt = await signAgentUser(bus.seeds.account, { agentId, publicKey, ...place });
  return { client: await bus.connect({ ownerId: agentId, busKey: { jwt, seed } }), publicKey };
};
const asController = async (): Promise<Bus> =>
  bus.connect({ ownerId: "controller-x", busKey: await makeControllerUser(bus.seeds.account, "controller-x") });

describe("an agent on the bus", () => {
  it("asks under its own name, and hears what is meant for it and its cluster", async () => {
    await using controller = await asController();
    await using _ = await controller.serve(anyAgentSubject("claim"), async () => bytes("work"));
    await using agent = (await asAgent("a1")).client;
    const heard: string[] = [];
    await using own = await agent.subscribe(toAgentSubject("a1"));
    await using cluster = await agent.subscribe(wakeSubject("prod", "east"));

    expect(Buffer.from(await agent.request(agentSubject("a1", "claim"), bytes("?"), soon)).toString()).toBe("work");
    controller.publish(toAgentSubject("a1"), bytes("own"));
    controller.publish(wakeSubject("prod", "east"), bytes("wake"));
    for (const subscription of [own, cluster]) {
      for await (const { payload } of subscription) {
        heard.push(Buffer.from(payload).toString());
        break;
      }
    }
    expect(heard).toEqual(["own", "wake"]);
  });

  it("cannot speak for another, nor answer in a controller's place, nor touch what is not its own", async () => {
    await using controller = await asController();
    const asked: string[] = [];
    await using _ = await controller.serve("hf.v1.agent.>", async ({ subject }) => {
      asked.push(subject);
      return bytes("ok");
    });
    await using thief = (await asAgent("a2")).client;

    for (const subject of [agentSubject("a1", "claim"), toAgentSubject("a1"), "hf.v1.x", "$JS.API.INFO", "$KV.a.b"]) {
      await expect(thief.request(subject, bytes("?"), { timeoutMs: 2_000 }), subject).rejects.toMatchObject({
        code: "PERMISSION_DENIED",
      });
    }
    expect(asked).toEqual([]);
  });

  it("cannot overhear others: their requests, their wake-ups, or the answers to them", async () => {
    await using controller = await asController();
    await using _ = await controller.serve(anyAgentSubject("open-disk"), async () => bytes("a ticket"));
    await using agent = (await asAgent("a1")).client;
    const thief = (await asAgent("a2")).client;
    const overheard: string[] = [];
    const ears = [
      agentSubject("a1", "open-disk"),
      toAgentSubject("a1"),
      wakeSubject("prod", "west"),
      "_INBOX_a1.>",
      ">",
    ];
    for (const subject of ears) void listen(thief, subject, overheard);
    await expect.poll(() => refusals().length).toBeGreaterThanOrEqual(ears.length);

    await agent.request(agentSubject("a1", "open-disk"), bytes("?"), soon);
    controller.publish(toAgentSubject("a1"), bytes("own"));
    controller.publish(wakeSubject("prod", "west"), bytes("wake"));
    await agent.request(agentSubject("a1", "open-disk"), bytes("?"), soon);
    await thief[Symbol.asyncDispose]();

    expect(overheard).toEqual([]);
  });

  it("that is revoked is cut off at once, and never let in again", async () => {
    await using controller = await asController();
    await using _ = await controller.serve(anyAgentSubject("hello"), async () => bytes("hi"));
    const { client, publicKey } = await asAgent("a3");
    await using agent = client;
    await agent.request(agentSubject("a3", "hello"), bytes("?"), soon);
    const lost = Promise.withResolvers<string>();
    agent.onState(lost.resolve);

    const busKey = await makeSystemUser(bus.seeds.systemAccount, "controller-x");
    await using system = await bus.connect({ ownerId: "controller-x", busKey });
    const { accountJwt } = await signBusAccounts(bus.seeds, { [publicKey]: Math.ceil(Date.now() / 1_000) + 1 });
    const said = Buffer.from(await system.request(claimsUpdateSubject, bytes(accountJwt), soon)).toString();

    expect(said).toContain('"code":200');
    await expect(lost.promise).resolves.toBe("reconnecting");
    await expect(agent.request(agentSubject("a3", "hello"), bytes("?"), soon)).rejects.toMatchObject({
      code: "UNAVAILABLE",
    });
  });
});

describe("the bus of an installation", () => {
  it("does not let in who has no JWT of it, nor who has no certificate of it", async () => {
    const other = await openTestBus(log);
    await using _ = other;
    const connectTimeoutMs = 100;

    const { seed, publicKey } = makeBusUser();
    const foreign = await signAgentUser(other.seeds.account, {
      agentId: "a1",
      publicKey,
      managerName: "",
      clusterName: "",
    });
    await expect(bus.connect({ busKey: { jwt: foreign, seed }, connectTimeoutMs })).rejects.toMatchObject({
      code: "UNAVAILABLE",
    });
    await expect(other.connect({ url: bus.server.url, connectTimeoutMs })).rejects.toMatchObject({
      code: "UNAVAILABLE",
    });
  });
});

const refusals = () => log.lines.filter((line) => JSON.stringify(line).includes("ermissions"));

const listen = async (client: Bus, subject: string, heard: string[]): Promise<void> => {
  for await (const { payload } of await client.subscribe(subject)) heard.push(Buffer.from(payload).toString());
};
