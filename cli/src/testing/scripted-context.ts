import { systemClock } from "@holdfast/shared/clock/clock";
import type { CliContext } from "../context.ts";

/** A context that answers questions from a list and keeps what was printed. */
export interface ScriptedContext extends CliContext {
  readonly printed: string[];
  readonly noted: string[];
}

/** Without `answers` there is no terminal to ask on. */
export const scriptedContext = (
  parts: { answers?: readonly string[]; env?: CliContext["env"] } = {},
): ScriptedContext => {
  const printed: string[] = [];
  const noted: string[] = [];
  const left = [...(parts.answers ?? [])];
  const ask = (question: string): Promise<string> => {
    noted.push(question);
    return Promise.resolve(left.shift() ?? "");
  };
  return {
    env: parts.env ?? {},
    clock: systemClock,
    print: (text) => printed.push(text),
    note: (text) => noted.push(text),
    isTerminal: false,
    ask: parts.answers ? ask : undefined,
    askSecret: parts.answers ? ask : undefined,
    signal: new AbortController().signal,
    setExitCode: () => {},
    printed,
    noted,
  };
};
