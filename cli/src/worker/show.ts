import { GetWorkerResponseSchema, WorkerService } from "@holdfast/proto/holdfast/controller/v1/worker_pb";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { quickCallMs } from "../connection.ts";
import { showAnswer } from "../show-answer.ts";
import { workerText } from "./worker-text.ts";

/** `worker show` */
export const workerShow: CommandMaker = (context) =>
  verb("show <worker>", "Show a worker: where it is in its life, and why it cannot be used when it cannot", [
    "worker show holdfast-worker-1",
  ]).action(async (worker: string, _options, command) => {
    await showAnswer(context, optionsOf(command), {
      service: WorkerService,
      answer: GetWorkerResponseSchema,
      timeoutMs: quickCallMs,
      ask: (client, call) => client.getWorker({ worker }, call),
      text: (answer) => (answer.worker ? workerText(answer.worker) : ""),
    });
  });
