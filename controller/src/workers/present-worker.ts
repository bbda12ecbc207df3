import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { Worker } from "./worker.ts";

/** Answers the worker; FAILED_PRECONDITION for one that is being removed, which takes no other order. */
export const presentWorker = (worker: Worker): Worker => {
  if (!worker.removing) return worker;
  throw new HoldfastError("FAILED_PRECONDITION", `worker ${worker.definition.name} is being removed`);
};
