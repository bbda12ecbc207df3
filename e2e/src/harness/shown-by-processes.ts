import { readdir } from "node:fs/promises";
import { systemClock } from "@holdfast/shared/clock/clock";
import type { WrittenText } from "./planted-secrets.ts";
import { readIfThere } from "./secret-search.ts";

/** What the processes of a run showed of themselves while they were watched: command lines and environments, each once. */
export interface ProcessWatch extends AsyncDisposable {
  readonly seen: () => readonly WrittenText[];
}

/** A process shows another command line when it becomes another program, which it does early in its life if at all. */
const mostLooks = 10;

/** Watches until it is disposed; a process that lives for less than `everyMs` may be missed. */
export const watchProcesses = (runId: string, everyMs: number): ProcessWatch => {
  const seen = new Map<string, WrittenText>();
  let looks = new Map<string, number>();
  const ended = new AbortController();
  const look = async (): Promise<void> => {
    const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
    looks = new Map(pids.map((pid) => [pid, (looks.get(pid) ?? 0) + 1]));
    for (const pid of pids.filter((each) => (looks.get(each) ?? 0) <= mostLooks)) {
      const environment = await readIfThere(`/proc/${pid}/environ`);
      if (!environment.includes(`HOLDFAST_TEST_RUN=${runId}`)) continue;
      const commandLine = await readIfThere(`/proc/${pid}/cmdline`);
      for (const [kind, text] of [
        ["environment", environment],
        ["command line", commandLine],
      ] as const)
        seen.set(`${pid} ${text}`, { where: `the ${kind} of process ${pid}`, text });
    }
  };
  const watching = (async () => {
    while (!ended.signal.aborted) {
      await look();
      await systemClock.sleep(everyMs, ended.signal).catch(() => undefined);
    }
  })();
  return {
    seen: () => [...seen.values()],
    [Symbol.asyncDispose]: async () => {
      ended.abort();
      await watching;
    },
  };
};
