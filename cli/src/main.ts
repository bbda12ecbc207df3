import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { traitsOf } from "@holdfast/shared/errors/codes";
import { systemClock } from "@holdfast/shared/clock/clock";
import { CommanderError } from "commander";
import type { CliContext } from "./context.ts";
import { errorData, errorText } from "./output/error-text.ts";
import { createProgram } from "./program.ts";
import { openTerminal } from "./terminal.ts";

const interrupt = new AbortController();
process.once("SIGINT", () => interrupt.abort(new HoldfastError("CANCELLED", "interrupted")));
process.once("SIGTERM", () => interrupt.abort(new HoldfastError("CANCELLED", "told to end")));
// A reader such as `head` may leave early: that is no error of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") interrupt.abort(new HoldfastError("CANCELLED", "the reader left"));
});

const hasTerminal = process.stdin.isTTY && process.stderr.isTTY;
using terminal = openTerminal();
const context: CliContext = {
  env: process.env,
  clock: systemClock,
  print: (text) => void process.stdout.write(`${text}\n`),
  note: (text) => void process.stderr.write(`${text}\n`),
  isTerminal: process.stdout.isTTY && process.stderr.isTTY,
  ask: hasTerminal ? (question) => terminal.ask(question, interrupt.signal) : undefined,
  askSecret: hasTerminal ? (question) => terminal.askSecret(question, interrupt.signal) : undefined,
  signal: interrupt.signal,
  setExitCode: (code) => {
    process.exitCode = code;
  },
};

/** Exit code of a command line that cannot be understood (sysexits.h EX_USAGE). */
const usageExit = 64;

const program = createProgram(context);
try {
  await program.parseAsync(process.argv);
} catch (caught) {
  if (caught instanceof CommanderError) {
    process.exitCode = caught.exitCode === 0 ? 0 : usageExit;
  } else {
    const error = HoldfastError.from(caught);
    const { output } = program.opts<{ output?: string }>();
    context.note(
      output === "json" || output === "yaml" ? JSON.stringify(errorData(error), undefined, 2) : errorText(error),
    );
    if (error.code === "INTERNAL" && caught instanceof Error) context.note(caught.stack ?? "");
    process.exitCode = traitsOf(error.code).exit;
  }
}
