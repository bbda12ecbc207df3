import { RemoveWorkerResponseSchema, WorkerService } from "@holdfast/proto/holdfast/controller/v1/worker_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { quickCallMs } from "../connection.ts";
import type { CliContext } from "../context.ts";
import { showAnswer } from "../show-answer.ts";

/** `worker remove`: asks first, since the VM is deleted. */
export const workerRemove: CommandMaker = (context) =>
  verb("remove <worker>", "Remove a worker and delete its VM; refused while it has tasks", [
    "worker remove holdfast-worker-1",
    "worker remove holdfast-worker-1 --yes",
  ])
    .option("--yes", "do not ask")
    .action(async (worker: string, _options, command) => {
      const options = optionsOf<{ yes?: boolean }>(command);
      if (options.yes !== true) await confirm(context, worker);
      await showAnswer(context, options, {
        service: WorkerService,
        answer: RemoveWorkerResponseSchema,
        timeoutMs: quickCallMs,
        ask: (client, call) => client.removeWorker({ worker }, call),
        text: () => `worker ${worker} is being removed, its VM is deleted`,
      });
    });

const confirm = async (context: CliContext, worker: string): Promise<void> => {
  if (context.ask === undefined)
    throw new HoldfastError("INVALID_ARGUMENT", "its VM is deleted: give --yes to remove it without being asked");
  const answer = await context.ask(`The VM of worker ${worker} is deleted. Type yes to go on: `);
  if (answer.trim() !== "yes") throw new HoldfastError("CANCELLED", "nothing was removed");
};
