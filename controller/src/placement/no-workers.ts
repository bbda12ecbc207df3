import type { WorkerDirectory } from "../sessions/work-deps.ts";

/** An installation without worker VMs. */
export const noWorkers: WorkerDirectory = { placed: () => [] };
