import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A cgroup with a limit of memory, page cache included, below the one that this process is in. */
export interface MemoryGroup extends Disposable {
  /** What a shell writes its pid to, to be in the group. */
  readonly procs: string;
}

/** Makes one, by version 1 or 2; a sentence that says why not when this process may not. */
export const makeMemoryGroup = (limitBytes: number): MemoryGroup | string => {
  const lines = readFileSync("/proc/self/cgroup", "utf8").split("\n");
  const versionOne = lines.find((line) => line.split(":")[1]?.split(",").includes("memory"));
  const own = (versionOne ?? lines.find((line) => line.startsWith("0::")) ?? "").split(":").slice(2).join(":");
  const parent = join("/sys/fs/cgroup", versionOne === undefined ? "" : "memory", own);
  const group = join(parent, `holdfast-bench-${process.pid}`);
  const limit = versionOne === undefined ? "memory.max" : "memory.limit_in_bytes";
  try {
    if (versionOne === undefined) writeFileSync(join(parent, "cgroup.subtree_control"), "+memory");
    mkdirSync(group);
    writeFileSync(join(group, limit), String(limitBytes));
  } catch (caught) {
    return `no cgroup of its own (${String(caught)}); try systemd-run --scope -p MemoryMax=${limitBytes}`;
  }
  return {
    procs: join(group, "cgroup.procs"),
    [Symbol.dispose]: () => {
      rmdirSync(group);
    },
  };
};
