import { systemClock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { systemRandom } from "@holdfast/shared/ids/ids";
import { askSecret } from "./program/ask-secret.ts";
import { runProgram } from "./program/program.ts";

const stop = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.on(name, () => {
    stop.abort(new HoldfastError("CANCELLED", `received ${name}`));
  });
}
// A reader such as head that went away is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  stop.abort(new HoldfastError("CANCELLED", "the output was closed"));
});

process.exitCode = await runProgram(process.argv.slice(2), {
  terminal: process,
  clock: systemClock,
  random: systemRandom,
  signal: stop.signal,
  env: process.env,
  ...(process.stdin.isTTY && process.stderr.isTTY && { askSecret: (text: string) => askSecret(text, stop.signal) }),
});
