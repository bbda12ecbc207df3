import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { Standing, TaskWork } from "../sessions/task-work.ts";

/** Work whose outside is a script: what the fence says, whether preparing fails or hangs, and what was asked of it. */
export interface ScriptedWork extends TaskWork {
  /** What the fence says from now on; `silent` is a repository that does not answer. */
  fence: "committed" | "retired" | "silent";
  /** Set: preparing fails with it. */
  prepareError: HoldfastError | null;
  /** True: preparing goes on until it is broken off. */
  isHanging: boolean;
  /** What cleaning up was told, in order. */
  readonly settled: Standing[];
}

export const createScriptedWork = (): ScriptedWork => {
  const work: ScriptedWork = {
    fence: "retired",
    prepareError: null,
    isHanging: false,
    settled: [],
    preflight: () => Promise.resolve({}),
    prepare: (_what, signal) => {
      if (work.prepareError !== null) return Promise.reject(work.prepareError);
      if (!work.isHanging) return Promise.resolve({ prepared: { captureId: "x" }, change: {} });
      return new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => {
          reject(signal.reason);
        });
      });
    },
    orders: () => ({ case: "backup", value: { basePointId: "base" } }),
    openable: (_what, diskId) => {
      throw new HoldfastError("NOT_FOUND", `no disk ${diskId}`);
    },
    verdict: ({ task }) => {
      if (work.fence === "silent")
        return Promise.reject(new HoldfastError("REPOSITORY_UNREACHABLE", "it does not answer"));
      return Promise.resolve(
        work.fence === "retired" ? { kind: "retired" } : { kind: "committed", change: { pointId: task.taskId } },
      );
    },
    settle: (_what, standing) => {
      work.settled.push(standing);
      return Promise.resolve({ kind: "clean", remarks: [] });
    },
  };
  return work;
};
