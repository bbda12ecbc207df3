import { ListWorkersResponseSchema, WorkerService } from "@holdfast/proto/holdfast/controller/v1/worker_pb";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { quickCallMs } from "../connection.ts";
import { showAnswer } from "../show-answer.ts";
import { workersTable } from "./worker-text.ts";

/** `worker list` */
export const workerList: CommandMaker = (context) =>
  verb("list", "List the workers", ["worker list", "worker list --manager prod"])
    .option("--manager <manager>", "only this manager's")
    .action(async (_options, command) => {
      const options = optionsOf<{ manager?: string }>(command);
      await showAnswer(context, options, {
        service: WorkerService,
        answer: ListWorkersResponseSchema,
        timeoutMs: quickCallMs,
        ask: (client, call) => client.listWorkers({ manager: options.manager ?? "" }, call),
        text: (answer) => workersTable(answer.workers),
      });
    });
