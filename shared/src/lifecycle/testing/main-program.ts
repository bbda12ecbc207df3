import { setInterval } from "node:timers";
import { HoldfastError } from "../../errors/holdfast-error.ts";
import { announceReady } from "../../process/ready.ts";
import { untilAborted } from "../abort.ts";
import { runMain } from "../run-main.ts";

// A program that ends in the way that its first argument names.
const [, , how = "return"] = process.argv;

await runMain(
  "main-program",
  async (signal, _log, { hurry, allow }) => {
    announceReady();
    switch (how) {
      case "return":
        return;
      case "fail":
        throw new HoldfastError("CONFIG_INVALID", "the configuration has problems");
      case "bug":
        throw new TypeError("x is undefined");
      case "uncaught":
        setImmediate(() => {
          throw new TypeError("thrown by nobody's call");
        });
        await untilAborted(signal);
        return;
      case "finish":
        allow(60_000);
        await untilSignalKept(hurry);
        return;
      case "stubborn":
        setInterval(() => undefined, 1_000);
        await new Promise(() => undefined);
        return;
      default:
        setInterval(() => undefined, 1_000).unref();
        await untilSignalKept(signal);
    }
  },
  { stopWithinMs: 200 },
);

/** Waits with something that keeps the process alive, as a server would. */
async function untilSignalKept(signal: AbortSignal): Promise<void> {
  const timer = setInterval(() => undefined, 60_000);
  await untilAborted(signal);
  clearInterval(timer);
  signal.throwIfAborted();
}
