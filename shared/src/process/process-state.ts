import { readdir, readFile } from "node:fs/promises";

/** What the kernel says of a process. */
export interface ProcessState {
  readonly pid: number;
  /** The kernel's letter: R, S, D, T (stopped), Z (zombie) … */
  readonly state: string;
  /** Clock ticks from boot to its start: with the pid it names a process for ever, since pids come again. */
  readonly startTime: number;
  readonly command: string;
}

/** The process of that pid, zombies included; nothing when there is none. */
export const readProcessState = async (pid: number): Promise<ProcessState | undefined> => {
  const text = await readProc(`/proc/${pid}/stat`);
  const match = /^\d+ \((.*)\) (\S) (.*)$/s.exec(text ?? "");
  if (match === null) return undefined;

  // Field 22 of the file; the fields after the state begin with the fourth.
  const startTime = Number(match[3]?.split(" ")[18]);
  return { pid, command: match[1] ?? "", state: match[2] ?? "", startTime };
};

/** True while that very process runs or is stopped; a zombie does neither. */
export const isRunning = async (pid: number, startTime: number): Promise<boolean> => {
  const found = await readProcessState(pid);
  return found !== undefined && found.startTime === startTime && found.state !== "Z" && found.state !== "X";
};

/** The live processes whose environment holds `NAME=value`, the caller itself left out: what a test run left behind. */
export const findByEnvironment = async (marker: string): Promise<readonly ProcessState[]> => {
  const found: ProcessState[] = [];
  for (const name of await readdir("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const environment = await readProc(`/proc/${name}/environ`);
    if (environment?.split("\0").includes(marker) !== true) continue;
    const state = await readProcessState(pid);
    if (state !== undefined && state.state !== "Z") found.push(state);
  }
  return found;
};

/** A file of the kernel about a process, or nothing when it ended meanwhile or belongs to another user. */
const readProc = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, "utf8");
  } catch (caught) {
    const code = caught instanceof Error && "code" in caught ? caught.code : undefined;
    if (code === "ENOENT" || code === "ESRCH" || code === "EACCES" || code === "EPERM") return undefined;
    throw caught;
  }
};
