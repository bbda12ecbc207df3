import { join } from "node:path";
import type { Queries } from "../database/database.ts";
import { uploadImage } from "../engine/upload-image.ts";
import { neededWorkers } from "../sessions/needed-workers.ts";
import { judgeQueue } from "../sessions/queue.ts";
import { readQueue } from "../sessions/read-queue.ts";
import type { TaskRunner } from "../sessions/task-runner.ts";
import type { WorkDeps } from "../sessions/work-deps.ts";
import type { JoinTokenIssuer } from "./join-token-issuer.ts";
import { sweepImages } from "./sweep-images.ts";
import type { WorkerDeps } from "./worker-deps.ts";
import { type Demand, createWorkerNeeds } from "./worker-needs.ts";
import type { WorkerRoster } from "./worker-roster.ts";
import { openWorkerRunner } from "./worker-runner.ts";
import type { WorkerSettings } from "./worker-settings.ts";

/** What looking after workers is made of. */
export interface WorkersParts extends WorkDeps {
  readonly roster: WorkerRoster;
  readonly issuer: JoinTokenIssuer;
  readonly examine: WorkerDeps["examine"];
  readonly workerSettings: WorkerSettings;
  /** The controller's data folder. */
  readonly dataDir: string;
}

/** Starts looking after the workers; disposing it leaves each as it is. */
export const openWorkers = async (parts: WorkersParts): Promise<TaskRunner> => {
  const imageDir = join(parts.dataDir, "images");
  const swept = await sweepImages(imageDir);
  if (swept.length > 0) parts.log.info("half-unpacked images removed", { images: swept });
  return openWorkerRunner({
    ...parts,
    needs: createWorkerNeeds(() => readDemand(parts.database.queries, parts)),
    upload: uploadImage,
    imageDir,
  });
};

const readDemand = async (queries: Queries, deps: WorkersParts): Promise<Demand> => {
  const reading = await readQueue(queries, deps);
  return { needed: neededWorkers(judgeQueue(reading.queue, reading), reading.unfinished) };
};
