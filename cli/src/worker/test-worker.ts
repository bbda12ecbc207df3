import { TestWorkerResponseSchema, WorkerService } from "@holdfast/proto/holdfast/controller/v1/worker_pb";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { quickCallMs, withService } from "../connection.ts";
import { emit } from "../output/output.ts";
import { watchToEnd } from "../session/watch.ts";

/** `worker test`: launches it and puts it down again, as a session with its own log. */
export const workerTest: CommandMaker = (context) =>
  verb("test <worker>", "Launch a worker, wait for its agent's hello, and put it down again", [
    "worker test holdfast-worker-1",
    "worker test holdfast-worker-1 --no-wait",
  ])
    .option("--no-wait", "only start the test; session watch shows how it goes")
    .action(async (worker: string, _options, command) => {
      const options = optionsOf<{ wait: boolean }>(command);
      const answer = await withService(context, options, WorkerService, (client) =>
        client.testWorker({ worker }, { signal: context.signal, timeoutMs: quickCallMs }),
      );
      if (options.wait) await watchToEnd(context, options, answer.sessionId);
      else
        emit(context, options, {
          schema: TestWorkerResponseSchema,
          message: answer,
          table: () => `session ${answer.sessionId} started`,
        });
    });
