import { describe, expect, it } from "vitest";
import { HoldfastError } from "../errors/holdfast-error.ts";
import { sibling } from "./sibling.ts";
import type { SampleCalls, SampleStart } from "./testing/sample-calls.ts";
import { WorkerThread, type WorkerThreadOptions } from "./worker-thread.ts";

const openThread = (
  ending: WorkerThreadOptions["ending"] = "finish",
): WorkerThread<SampleCalls> & { readonly closed: Int32Array } => {
  const closed = new Int32Array(new SharedArrayBuffer(4));
  const start: SampleStart = { greeting: "hello", closed };
  const thread = new WorkerThread<SampleCalls>(sibling(import.meta, "testing/sample-worker"), { start, ending });
  return Object.assign(thread, { closed });
};

describe("a worker thread", () => {
  it("answers calls with what it was started with", async () => {
    await using thread = openThread();
    await expect(thread.call("greet", "ada")).resolves.toBe("hello, ada");
  });

  it("begins calls in the order in which they were made", async () => {
    await using thread = openThread();
    const answers = Array.from({ length: 20 }, () => thread.call("count", undefined));
    expect(thread.load).toBe(20);
    await expect(Promise.all(answers)).resolves.toEqual(Array.from({ length: 20 }, (_, index) => index));
    expect(thread.load).toBe(0);
  });

  it("gives buffers away in both directions", async () => {
    await using thread = openThread();
    const bytes = new Uint8Array(4);
    const answer = await thread.call("fill", bytes, { transfer: [bytes.buffer] });
    expect(bytes.byteLength).toBe(0);
    expect([...answer]).toEqual([7, 7, 7, 7]);
  });

  it("carries an error of ours over with its code and details, and its stack as the cause", async () => {
    await using thread = openThread();
    const caught = await caughtFrom(thread.call("fail", "d1"));
    expect(caught).toMatchObject({ code: "CHUNK_DAMAGED", message: "disk d1 is damaged", details: { disk: "d1" } });
    expect(String(caught.cause)).toContain("sample-worker");
  });

  it("fails a call whose argument or answer no message can carry, and goes on", async () => {
    await using thread = openThread();
    const uncloneable = { toString: () => "x" } as unknown as string;
    await expect(thread.call("greet", uncloneable)).rejects.toThrow(/could not be cloned/);
    await expect(thread.call("answerFunction", undefined)).rejects.toMatchObject({ code: "INTERNAL" });
    expect(thread.load).toBe(0);
    await expect(thread.call("greet", "ada")).resolves.toBe("hello, ada");
  });

  it("tells a call to stop when its signal aborts, and rejects with the signal's reason", async () => {
    await using thread = openThread();
    const controller = new AbortController();
    const call = thread.call("wait", undefined, { signal: controller.signal });
    const reason = new HoldfastError("TIMEOUT", "too late");
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
    await expect(thread.call("wait", undefined, { signal: controller.signal })).rejects.toBe(reason);
    await expect(thread.call("greet", "ada")).resolves.toBe("hello, ada");
  });

  it.each(["throwOutside", "exit"] as const)(
    "fails every call when it dies by %s, and takes no more",
    async (death) => {
      await using thread = openThread();
      const waiting = thread.call("wait", undefined);
      await Promise.all([
        expect(thread.call(death, undefined)).rejects.toMatchObject({ code: "INTERNAL" }),
        expect(waiting).rejects.toMatchObject({ code: "INTERNAL" }),
      ]);
      await expect(thread.call("greet", "ada")).rejects.toMatchObject({ code: "INTERNAL" });
    },
  );

  it("finishes its calls and puts its things away before it ends", async () => {
    const thread = openThread("finish");
    const answer = thread.call("greet", "ada");
    await Promise.all([thread[Symbol.asyncDispose](), thread[Symbol.asyncDispose]()]);
    await expect(answer).resolves.toBe("hello, ada");
    expect(thread.closed[0]).toBe(1);
    await expect(thread.call("greet", "ada")).rejects.toMatchObject({ code: "CANCELLED" });
  });

  it("ends whatever it does when it is to be terminated", async () => {
    const thread = openThread("terminate");
    const waiting = thread.call("wait", undefined);
    await Promise.all([thread[Symbol.asyncDispose](), expect(waiting).rejects.toMatchObject({ code: "CANCELLED" })]);
    await thread[Symbol.asyncDispose]();
  });
});

const caughtFrom = async (promise: Promise<unknown>): Promise<HoldfastError> => {
  try {
    await promise;
  } catch (caught) {
    if (caught instanceof HoldfastError) return caught;
  }
  throw new Error("it did not fail with an error of ours");
};
