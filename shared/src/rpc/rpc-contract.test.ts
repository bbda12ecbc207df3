import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Behaviour } from "@holdfast/proto/holdfast/contract/v1/contract_pb";
import { describe, expect, it, vi } from "vitest";
import { HoldfastError } from "../errors/holdfast-error.ts";
import { maxMessageBytes, maxPayloadBytes } from "./limits.ts";
import { openContractPair } from "./testing/contract-pair.ts";

const until = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 5_000, interval: 5 });

async function* payloads(count: number, sizeBytes: number) {
  for (let sent = 0; sent < count; sent += 1) yield { payload: new Uint8Array(sizeBytes) };
}

describe("a call of each kind", () => {
  it("answers one request once, with the correlation id of the call", async () => {
    await using pair = await openContractPair();

    const answer = await pair.contract.echo({ text: "hi" }, { correlationId: "abc", timeoutMs: 5_000 });

    expect(answer).toMatchObject({ text: "hi", correlationId: "abc" });
  });

  it("makes a correlation id when the caller has none", async () => {
    await using pair = await openContractPair();

    const { correlationId } = await pair.contract.echo({ text: "hi" });

    expect(correlationId).toMatch(/^[0-9a-z]{12}$/);
  });

  it("streams many answers in order", async () => {
    await using pair = await openContractPair();
    const numbers: number[] = [];

    for await (const { number, payload } of pair.contract.produce({ count: 40, sizeBytes: maxPayloadBytes })) {
      expect(payload.length).toBe(maxPayloadBytes);
      numbers.push(number);
    }

    expect(numbers).toEqual(Array.from({ length: 40 }, (_, index) => index));
  });

  it("collects many requests into one answer", async () => {
    await using pair = await openContractPair();

    const answer = await pair.contract.collect(payloads(40, maxPayloadBytes));

    expect(answer).toMatchObject({ messages: 40, sizeBytes: BigInt(40 * maxPayloadBytes) });
  });

  it("converses, each answer before the next request", async () => {
    await using pair = await openContractPair();
    const heard: string[] = [];
    const turn = { next: Promise.withResolvers<void>() };
    async function* say() {
      for (const text of ["a", "b", "c"]) {
        yield { text };
        await turn.next.promise;
        turn.next = Promise.withResolvers();
      }
    }

    for await (const { text } of pair.contract.converse(say())) {
      heard.push(text);
      turn.next.resolve();
    }

    expect(heard).toEqual(["A", "B", "C"]);
  });

  it("works over a unix socket, which belongs to one server at a time", async () => {
    const folder = await mkdtemp(join(tmpdir(), "hf-"));
    try {
      const listen = `unix:${join(folder, "s")}`;
      await using first = await openContractPair({ listen });
      await expect(openContractPair({ listen })).rejects.toMatchObject({ code: "ALREADY_EXISTS" });

      await expect(first.contract.echo({ text: "x" })).resolves.toMatchObject({ text: "x" });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe("an error", () => {
  it("crosses the wire with its code, message and details, for one answer and for many", async () => {
    await using pair = await openContractPair();
    const expected = {
      code: "CHUNK_MISSING",
      message: "chunk 7 is missing, señor",
      details: { chunk: 7, isKnown: true, pack: "a b" },
    };

    await expect(pair.contract.echo({ behaviour: Behaviour.FAIL_CODED })).rejects.toMatchObject(expected);
    const produced = Array.fromAsync(pair.contract.produce({ count: 3, behaviour: Behaviour.FAIL_CODED }));
    await expect(produced).rejects.toMatchObject(expected);
    expect(pair.log.lines).toEqual([]);
  });

  it("comes after the answers that went before it", async () => {
    await using pair = await openContractPair();
    let received = 0;

    const reading = (async () => {
      for await (const _ of pair.contract.produce({ count: 3, behaviour: Behaviour.FAIL_CODED })) received += 1;
    })();

    await expect(reading).rejects.toBeInstanceOf(HoldfastError);
    expect(received).toBe(3);
  });

  it("that is a bug is logged with its stack, and tells the caller nothing of the inside", async () => {
    await using pair = await openContractPair();

    const failing = pair.contract.echo({ behaviour: Behaviour.FAIL_UNEXPECTED }, { correlationId: "c1" });

    await expect(failing).rejects.toMatchObject({ code: "INTERNAL", details: { correlationId: "c1" } });
    await expect(failing).rejects.not.toThrow("secret internals");
    expect(pair.log.lines[0]).toMatchObject({
      level: "error",
      fields: { correlationId: "c1", err: { name: "TypeError" } },
    });
  });

  it("thrown while requests are made reaches the caller as it is and ends the call", async () => {
    await using pair = await openContractPair();
    const broken = new Error("the source broke");
    async function* requests() {
      yield { payload: new Uint8Array(8) };
      throw broken;
    }

    await expect(pair.contract.collect(requests())).rejects.toBe(broken);
  });

  it("of a message above the limit is coded on both sides, before it is sent", async () => {
    await using pair = await openContractPair();

    const sending = pair.contract.echo({ payload: new Uint8Array(maxMessageBytes) });
    const producing = Array.fromAsync(pair.contract.produce({ count: 1, sizeBytes: maxMessageBytes }));

    await expect(sending).rejects.toMatchObject({ code: "MESSAGE_TOO_LARGE" });
    await expect(producing).rejects.toMatchObject({ code: "MESSAGE_TOO_LARGE" });
  });
});

describe("cancelling", () => {
  it("by a signal ends the call here and at the server", async () => {
    await using pair = await openContractPair();
    const controller = new AbortController();

    const waiting = pair.contract.echo({ behaviour: Behaviour.WAIT }, { signal: controller.signal });
    const refused = waiting.catch((caught: unknown) => caught);
    await pair.client.ready(5_000);
    await pair.contract.echo({ text: "the call before this one has arrived" });
    controller.abort();

    expect(await refused).toMatchObject({ code: "CANCELLED" });
    await until(() => expect(pair.record.aborts).toMatchObject([{ code: "CANCELLED" }]));
  });

  it("tells the signal's own reason when that is one of ours", async () => {
    await using pair = await openContractPair();
    const signal = AbortSignal.abort(new HoldfastError("ATTEMPT_FENCED", "attempt 1 was fenced"));

    await expect(pair.contract.echo({ text: "x" }, { signal })).rejects.toMatchObject({ code: "ATTEMPT_FENCED" });
  });

  it("by a time limit ends the call on both sides with TIMEOUT", async () => {
    await using pair = await openContractPair();

    const waiting = pair.contract.echo({ behaviour: Behaviour.WAIT }, { timeoutMs: 100 });

    await expect(waiting).rejects.toMatchObject({ code: "TIMEOUT" });
    await until(() => expect(pair.record.aborts).toHaveLength(1));
  });

  it("leaves no listener on the signal", async () => {
    await using pair = await openContractPair();
    const { signal } = new AbortController();
    const added = vi.spyOn(signal, "addEventListener");
    const removed = vi.spyOn(signal, "removeEventListener");

    await pair.contract.echo({ text: "x" }, { signal });

    expect(removed.mock.calls.length).toBe(added.mock.calls.length);
  });

  it("by leaving a stream early runs the generator's finally", async () => {
    await using pair = await openContractPair();

    for await (const { number } of pair.contract.produce({ count: 1_000_000, sizeBytes: 1_000 })) {
      if (number === 2) break;
    }

    await until(() => expect(pair.record.finished).toBe(1));
    expect(pair.record.produced).toBeLessThan(100_000);
  });

  it("by a server that has heard enough ends the upload without an error", async () => {
    await using pair = await openContractPair();
    let isLeft = false;
    async function* requests() {
      try {
        yield { payload: new Uint8Array(1) };
        for (;;) yield { payload: new Uint8Array(1_000) };
      } finally {
        isLeft = true;
      }
    }

    await expect(pair.contract.collect(requests())).resolves.toMatchObject({ messages: 1 });
    await until(() => expect(isLeft).toBe(true));
  });

  it("by closing the client ends its calls", async () => {
    await using pair = await openContractPair();
    await pair.client.ready(5_000);
    const waiting = pair.contract.echo({ behaviour: Behaviour.WAIT });
    const refused = waiting.catch((caught: unknown) => caught);

    await pair.client[Symbol.asyncDispose]();

    expect(await refused).toMatchObject({ code: "CANCELLED" });
  });
});

describe("back-pressure", () => {
  it("holds a server back while its consumer reads nothing", async () => {
    await using pair = await openContractPair();
    const answers = pair.contract.produce({ count: 2_000, sizeBytes: maxPayloadBytes })[Symbol.asyncIterator]();

    await answers.next();
    await settled(() => pair.record.produced);

    // 16 messages are queued on each side and the window holds 16 more; 2,000 would be half a gigabyte.
    expect(pair.record.produced).toBeLessThan(100);
    await answers.return?.();
  });

  it("holds a client back while the server reads nothing", async () => {
    await using pair = await openContractPair();
    let sent = 0;
    async function* requests() {
      for (; sent < 2_000; sent += 1) {
        yield {
          payload: new Uint8Array(maxPayloadBytes),
          behaviour: sent === 0 ? Behaviour.WAIT : Behaviour.UNSPECIFIED,
        };
      }
    }
    const controller = new AbortController();

    const collecting = pair.contract.collect(requests(), { signal: controller.signal });
    const refused = collecting.catch((caught: unknown) => caught);
    await until(() => expect(sent).toBeGreaterThan(0));
    await settled(() => sent);

    expect(sent).toBeLessThan(100);
    controller.abort();
    expect(await refused).toMatchObject({ code: "CANCELLED" });
  });
});

/** Waits until a number has not changed for 20 looks in a row. */
const settled = async (read: () => number): Promise<void> => {
  let last = -1;
  let same = 0;
  await until(() => {
    same = read() === last ? same + 1 : 0;
    last = read();
    expect(same).toBeGreaterThan(20);
  });
};
