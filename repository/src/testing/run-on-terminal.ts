import { PassThrough } from "node:stream";
import { systemClock } from "@holdfast/shared/clock/clock";
import { systemRandom } from "@holdfast/shared/ids/ids";
import { inlineThreads } from "../store/testing/inline-threads.ts";
import { runProgram } from "../program/program.ts";

/** Runs one command line of `holdfast-repository`; its exit code and what it wrote. */
export const runOnTerminal = async (
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> => {
  const texts = { stdout: "", stderr: "" };
  const collect = (name: keyof typeof texts): PassThrough => {
    const stream = new PassThrough();
    stream.on("data", (chunk: Buffer) => {
      texts[name] += chunk.toString("utf8");
    });
    return stream;
  };
  const terminal = { stdout: collect("stdout"), stderr: collect("stderr") };
  const { signal } = new AbortController();
  const code = await runProgram(args, {
    terminal,
    clock: systemClock,
    random: systemRandom,
    signal,
    threads: inlineThreads,
  });
  return { code, ...texts };
};
