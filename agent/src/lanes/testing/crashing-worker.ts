import { serveCalls } from "@holdfast/shared/threads/serve-calls";
import type { LaneCalls } from "../lane-pool.ts";

const never = new Promise<never>(() => undefined);

// A lane in which something breaks outside of any call.
serveCalls(() => {
  const calls: LaneCalls<string, string> = {
    work: async (request) => {
      if (request === "ready") return "done";
      queueMicrotask(() => {
        throw new Error("the lane broke");
      });
      return await never;
    },
  };
  return { calls };
});
