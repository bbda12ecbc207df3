import {
  DisableWorkerResponseSchema,
  EnableWorkerResponseSchema,
  WorkerService,
} from "@holdfast/proto/holdfast/controller/v1/worker_pb";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { quickCallMs } from "../connection.ts";
import { showAnswer } from "../show-answer.ts";

/** `worker enable` */
export const workerEnable: CommandMaker = (context) =>
  verb("enable <worker>", "Let a worker get work again, also one that is unhealthy", [
    "worker enable holdfast-worker-1",
  ]).action(async (worker: string, _options, command) => {
    await showAnswer(context, optionsOf(command), {
      service: WorkerService,
      answer: EnableWorkerResponseSchema,
      timeoutMs: quickCallMs,
      ask: (client, call) => client.enableWorker({ worker }, call),
      text: () => `worker ${worker} is enabled`,
    });
  });

/** `worker disable` */
export const workerDisable: CommandMaker = (context) =>
  verb("disable <worker>", "Give a worker no new work; what it has ends as it would", [
    "worker disable holdfast-worker-1",
  ]).action(async (worker: string, _options, command) => {
    await showAnswer(context, optionsOf(command), {
      service: WorkerService,
      answer: DisableWorkerResponseSchema,
      timeoutMs: quickCallMs,
      ask: (client, call) => client.disableWorker({ worker }, call),
      text: ({ worker: now }) =>
        `worker ${worker} is disabled${(now?.busyTasks ?? 0) === 0 ? "" : `; it ends ${now?.busyTasks ?? 0} tasks first`}`,
    });
  });
