import { readFile, readdir } from "node:fs/promises";
import type { KeptProgram } from "./kept-program.ts";
import { until } from "./until.ts";

/** Stops a program by SIGSTOP and waits until every thread of it stands: also those that were inside the kernel. */
export const freeze = async (program: KeptProgram): Promise<void> => {
  program.signal("SIGSTOP");
  await standsStill(program);
};

/** Waits until every thread of a process that was stopped, or stopped itself, stands. */
export const standsStill = async ({ name, pid }: Pick<KeptProgram, "name" | "pid">): Promise<void> => {
  await until(`${name} to stand still`, async () => {
    const tasks = `/proc/${pid}/task`;
    const states = await Promise.all((await readdir(tasks)).map((thread) => stateOf(`${tasks}/${thread}/stat`)));
    return states.length > 0 && states.every((state) => state === "T");
  });
};

/** Lets a frozen program go on. */
export const thaw = (program: KeptProgram): void => {
  program.signal("SIGCONT");
};

const stateOf = async (path: string): Promise<string | undefined> =>
  /^\d+ \(.*\) (\S)/s.exec(await readFile(path, "utf8"))?.[1];
