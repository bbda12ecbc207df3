import { findProgram } from "./find-program.ts";

/** A program and its arguments. */
export interface CommandLine {
  readonly command: string;
  readonly args: readonly string[];
}

/** Makes the kernel kill the child when the thread that starts it dies, where `setpriv` is installed. */
export const withDeathSignal = async ({ command, args }: CommandLine): Promise<CommandLine> => {
  const setpriv = await findProgram("setpriv");
  if (setpriv === undefined) return { command, args };
  return { command: setpriv, args: ["--pdeathsig", "KILL", "--", command, ...args] };
};
