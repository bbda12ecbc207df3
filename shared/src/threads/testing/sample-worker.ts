import { HoldfastError } from "../../errors/holdfast-error.ts";
import { orAborted } from "../../lifecycle/abort.ts";
import { serveCalls } from "../serve-calls.ts";
import type { SampleCalls, SampleStart } from "./sample-calls.ts";

const never = new Promise<never>(() => undefined);

serveCalls(({ greeting, closed }: SampleStart) => {
  let begun = 0;
  const calls: SampleCalls = {
    greet: (name) => `${greeting}, ${name}`,
    fill: (bytes) => bytes.fill(7),
    fail: (disk) => {
      throw new HoldfastError("CHUNK_DAMAGED", `disk ${disk} is damaged`, { details: { disk } });
    },
    count: () => begun++,
    wait: (_, signal) => orAborted(never, signal),
    answerFunction: () => () => undefined,
    throwOutside: () => {
      queueMicrotask(() => {
        throw new Error("nobody catches this");
      });
      return never;
    },
    exit: () => {
      // In a worker it ends the thread alone.
      process.exit(0);
    },
  };
  return {
    calls,
    transferOf: (answer) =>
      answer instanceof Uint8Array && answer.buffer instanceof ArrayBuffer ? [answer.buffer] : [],
    onClose: () => {
      Atomics.add(closed, 0, 1);
    },
  };
});
