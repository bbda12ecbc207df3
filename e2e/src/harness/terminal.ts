import { spawn } from "node:child_process";
import { once } from "node:events";
import { withDeathSignal } from "@holdfast/shared/process/death-signal";
import { findProgram } from "@holdfast/shared/process/find-program";
import { until } from "./until.ts";

/** A program on a pseudo-terminal, as a person has it. */
export interface Terminal extends AsyncDisposable {
  /** Everything that was shown so far, without the codes that move the cursor and colour. */
  readonly shown: () => string;
  /** Waits until this text was shown after what earlier waits found. */
  readonly untilShown: (text: string) => Promise<void>;
  readonly type: (keys: string) => void;
  /** Resolves with the program's exit code. */
  readonly ended: Promise<number | null>;
}

/** Control sequences of terminals (ECMA-48): moves, colours, modes. */
// oxlint-disable-next-line no-control-regex -- these are the characters that are meant
const controls = /\u001B\[[0-9;?]*[ -/]*[@-~]|\u001B[=>]|\r/g;

/** Runs a shell command on a terminal of its own of 40 lines of 120, by util-linux's `script`. */
export const openTerminal = async (commandLine: string, env: NodeJS.ProcessEnv): Promise<Terminal> => {
  const script = await findProgram("script");
  if (script === undefined) throw new Error("script is not installed: run scripts/ensure-tools");
  const args = ["-q", "-f", "-e", "-c", `stty rows 40 cols 120; ${commandLine}`, "/dev/null"];
  const { command, args: all } = await withDeathSignal({ command: script, args });
  const child = spawn(command, [...all], { env: { ...env, TERM: "xterm" }, stdio: "pipe" });
  // "close" comes when the output was read too.
  const ended = once(child, "close").then(([code]) => code as number | null);
  let output = "";
  let seen = 0;
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (bytes: Buffer) => {
      output += bytes.toString("utf8");
    });
  // A program that ended takes no more keys.
  child.stdin.on("error", () => {});
  const shown = (): string => output.replaceAll(controls, "");

  return {
    shown,
    untilShown: async (text) => {
      await until(`a terminal to show ${text}`, () => shown().includes(text, seen), 60_000).catch((caught: unknown) => {
        throw new Error(`the terminal shows:\n${shown()}`, { cause: caught });
      });
      seen = shown().indexOf(text, seen) + text.length;
    },
    type: (keys) => {
      child.stdin.write(keys);
    },
    ended,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
};
