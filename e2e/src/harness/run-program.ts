import { onAbort } from "@holdfast/shared/lifecycle/abort";
import { type ProcessSpec, startProcess } from "@holdfast/shared/process/child-process";

/** What a program said until its end. */
export interface Said {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, or to the signal's. */
export const runProgram = async (spec: Omit<ProcessSpec, "onLine">, signal: AbortSignal): Promise<Said> => {
  signal.throwIfAborted();
  const lines = { stdout: [] as string[], stderr: [] as string[] };
  await using child = await startProcess({ ...spec, onLine: (line, from) => lines[from].push(line) });
  const unlink = onAbort(signal, () => {
    child.kill("SIGTERM");
  });
  const { code } = await child.exited;
  unlink();
  signal.throwIfAborted();
  return { code, stdout: lines.stdout.join("\n"), stderr: lines.stderr.join("\n") };
};

/** The same; fails unless it ends well. */
export const runWell = async (spec: Omit<ProcessSpec, "onLine">, signal: AbortSignal): Promise<string> => {
  const { code, stdout, stderr } = await runProgram(spec, signal);
  if (code === 0) return stdout;
  throw new Error(`${spec.name} ended with code ${code}:\n${stderr === "" ? stdout : stderr}`);
};
