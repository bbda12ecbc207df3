import { EchoRequestSchema, EchoResponseSchema } from "@holdfast/proto/holdfast/contract/v1/contract_pb";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { HoldfastError } from "../errors/holdfast-error.ts";
import { memoryLogger } from "../logging/memory-logger.ts";
import type { Bus } from "./bus.ts";
import { agentSubject, anyAgentSubject, agentOf, wakeSubject } from "./subjects.ts";
import type { NatsServer } from "./testing/nats-server.ts";
import { openTestBus } from "./testing/test-bus.ts";
import { busPublish, busRequest, busServe, busSubscribe } from "./typed.ts";

const log = memoryLogger();
const testBus = await openTestBus(log);
afterAll(() => testBus[Symbol.asyncDispose]());
const open = (url: string, ownerId = "a1"): Promise<Bus> => testBus.connect({ url, ownerId });

const exchange = { request: EchoRequestSchema, response: EchoResponseSchema };
const text = (value: string): Uint8Array => Buffer.from(value);
const asked = async (answer: Promise<Uint8Array>): Promise<string> => Buffer.from(await answer).toString();

describe("the bus", () => {
  let server: NatsServer;
  beforeAll(async () => {
    server = await testBus.startServer();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it("carries a request of an agent to whoever serves the verb, and tells which agent asked", async () => {
    await using bus = await open(server.url);
    await using _ = await busServe(
      bus,
      { ...exchange, subject: anyAgentSubject("claim"), queue: "controller", log },
      async (request, from) => ({
        v: 1,
        text: `${agentOf(from.subject)} says ${request.text}`,
      }),
    );

    const answer = await busRequest(
      bus,
      { ...exchange, subject: agentSubject("a7", "claim") },
      { text: "hi" },
      { timeoutMs: 5_000 },
    );

    expect(answer.text).toBe("a7 says hi");
  });

  it("carries our errors with code and details, and hides and logs a bug", async () => {
    await using bus = await open(server.url);
    await using _ = await busServe(bus, { ...exchange, subject: "hf.v1.to.e1", log }, async (request) => {
      if (request.text === "bug") throw new TypeError("inside");
      throw new HoldfastError("ATTEMPT_FENCED", "attempt 1 was fenced", { details: { attempt: 1 } });
    });
    const ask = (word: string) =>
      busRequest(bus, { ...exchange, subject: "hf.v1.to.e1" }, { text: word }, { timeoutMs: 5_000 });

    await expect(ask("x")).rejects.toMatchObject({ code: "ATTEMPT_FENCED", details: { attempt: 1 } });
    await expect(ask("bug")).rejects.toMatchObject({
      code: "INTERNAL",
      message: expect.not.stringContaining("inside"),
    });
    expect(log.lines.at(-1)).toMatchObject({ level: "error", fields: { err: { message: "inside" } } });
  });

  it("refuses a message of a newer version with a code", async () => {
    await using bus = await open(server.url);
    await using _ = await busServe(bus, { ...exchange, subject: "hf.v1.to.n1", log }, async () => ({ v: 1 }));

    const asking = busRequest(bus, { ...exchange, subject: "hf.v1.to.n1" }, { v: 2, text: "x" }, { timeoutMs: 5_000 });

    await expect(asking).rejects.toMatchObject({ code: "SCHEMA_TOO_NEW", details: { version: 2 } });
  });

  it("says at once that nobody serves a subject", async () => {
    await using bus = await open(server.url);

    await expect(bus.request("hf.v1.to.nobody", text("x"), { timeoutMs: 60_000 })).rejects.toMatchObject({
      code: "UNAVAILABLE",
    });
  });

  it("says TIMEOUT when a responder is too slow, CANCELLED when the caller gave up", async () => {
    await using bus = await open(server.url);
    const never = Promise.withResolvers<Uint8Array>();
    await using _ = await bus.serve("hf.v1.to.slow", () => never.promise);
    const controller = new AbortController();

    const late = bus.request("hf.v1.to.slow", text("x"), { timeoutMs: 50 });
    const given = bus.request("hf.v1.to.slow", text("x"), { timeoutMs: 60_000, signal: controller.signal });
    controller.abort();

    await expect(given).rejects.toMatchObject({ code: "CANCELLED" });
    await expect(late).rejects.toMatchObject({ code: "TIMEOUT" });
    never.resolve(text("late"));
  });

  it("shares the requests of a queue and wakes every subscriber", async () => {
    await using one = await open(server.url, "c1");
    await using two = await open(server.url, "c2");
    const answeredBy = new Set<string>();
    const serve = (bus: Bus, name: string) =>
      bus.serve(
        "hf.v1.to.shared",
        async () => {
          answeredBy.add(name);
          return text(name);
        },
        { queue: "controller" },
      );
    await using _one = await serve(one, "one");
    await using _two = await serve(two, "two");
    const wakes = await Promise.all(
      [one, two].map((bus) => busSubscribe(bus, wakeSubject("m1", "c1"), EchoRequestSchema, log)),
    );

    for (let turn = 0; turn < 40; turn += 1) await one.request("hf.v1.to.shared", text("x"), { timeoutMs: 5_000 });
    busPublish(one, wakeSubject("m1", "c1"), EchoRequestSchema, { text: "up" });

    expect([...answeredBy].sort()).toEqual(["one", "two"]);
    for (const messages of wakes) {
      for await (const { text: woken, v } of messages) {
        expect({ woken, v }).toEqual({ woken: "up", v: 1 });
        break;
      }
    }
  });

  it("leaves out what is not readable and goes on", async () => {
    await using bus = await open(server.url);
    const messages = await busSubscribe(bus, "hf.v1.wake.m.c", EchoRequestSchema, log);

    bus.publish("hf.v1.wake.m.c", Uint8Array.of(0xff, 0xff));
    busPublish(bus, "hf.v1.wake.m.c", EchoRequestSchema, { text: "good" });

    for await (const message of messages) {
      expect(message.text).toBe("good");
      break;
    }
  });

  it("answers come to inboxes under the owner's own name", async () => {
    await using bus = await open(server.url, "agent-9");
    await using spy = await open(server.url, "spy");
    await using inboxes = await spy.subscribe("_INBOX_agent-9.>");
    await using _ = await bus.serve("hf.v1.to.x9", async () => text("ok"));

    await bus.request("hf.v1.to.x9", text("x"), { timeoutMs: 5_000 });

    for await (const { payload } of inboxes) {
      expect(Buffer.from(payload).toString()).toBe("ok");
      break;
    }
  });

  it("drains: answers what arrived, then ends its subscriptions", async () => {
    const bus = await open(server.url, "d1");
    await using asker = await open(server.url, "d2");
    const gate = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    await bus.serve("hf.v1.to.d1", async () => {
      arrived.resolve();
      await gate.promise;
      return text("done");
    });
    const wakes = await bus.subscribe("hf.v1.wake.d.d");

    const answer = asker.request("hf.v1.to.d1", text("x"), { timeoutMs: 5_000 });
    await arrived.promise;
    const drained = bus.drain();
    gate.resolve();

    await expect(asked(answer)).resolves.toBe("done");
    await drained;
    await bus.closed;
    expect(bus.state).toBe("closed");
    expect(await Array.fromAsync(wakes)).toEqual([]);
    await bus[Symbol.asyncDispose]();
  });

  it("answers no more requests at once than it may", async () => {
    await using bus = await open(server.url);
    const load = { now: 0, most: 0 };
    await using _ = await bus.serve(
      "hf.v1.to.busy",
      async () => {
        load.now += 1;
        load.most = Math.max(load.most, load.now);
        await new Promise(setImmediate);
        load.now -= 1;
        return text("ok");
      },
      { concurrency: 3 },
    );

    await Promise.all(Array.from({ length: 50 }, () => bus.request("hf.v1.to.busy", text("x"), { timeoutMs: 5_000 })));

    expect(load.most).toBe(3);
  });
});

describe("an outage of the bus", () => {
  it("fails requests with UNAVAILABLE, sends none of them afterwards, and is mended by itself", async () => {
    const first = await testBus.startServer();
    await using bus = await open(first.url);
    const states: string[] = [];
    bus.onState((state) => states.push(state));
    const received: string[] = [];
    await using _ = await bus.serve("hf.v1.to.o1", async ({ payload }) => {
      received.push(Buffer.from(payload).toString());
      return payload;
    });

    await first[Symbol.asyncDispose]();
    await vi.waitFor(() => expect(bus.state).toBe("reconnecting"), 5_000);
    bus.publish("hf.v1.to.o1", text("lost"));
    await expect(bus.request("hf.v1.to.o1", text("stale"), { timeoutMs: 100 })).rejects.toMatchObject({
      code: "UNAVAILABLE",
    });
    const patient = bus.request("hf.v1.to.o1", text("patient"), { timeoutMs: 20_000 });
    await using _second = await testBus.startServer(first.port);

    await expect(asked(patient)).resolves.toBe("patient");
    expect(received).toEqual(["patient"]);
    expect(states).toEqual(["reconnecting", "connected"]);
  });

  it("ends a request that was under way with UNAVAILABLE", async () => {
    await using server = await testBus.startServer();
    await using bus = await open(server.url);
    const never = Promise.withResolvers<Uint8Array>();
    const arrived = Promise.withResolvers<void>();
    await using _ = await bus.serve("hf.v1.to.o2", () => {
      arrived.resolve();
      return never.promise;
    });

    const asking = bus.request("hf.v1.to.o2", text("x"), { timeoutMs: 1_000 });
    const refused = asking.catch((caught: unknown) => caught);
    await arrived.promise;
    await server.kill();

    expect(await refused).toMatchObject({ code: "UNAVAILABLE" });
    never.resolve(text(""));
  });

  it("at the start ends with UNAVAILABLE when no server comes in time", async () => {
    const gone = await testBus.startServer();
    await gone[Symbol.asyncDispose]();

    const opening = testBus.connect({ url: gone.url, connectTimeoutMs: 100 });

    await expect(opening).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });
});
