import { JobService, RemoveJobResponseSchema } from "@holdfast/proto/holdfast/controller/v1/job_pb";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { quickCallMs } from "../connection.ts";
import { showAnswer } from "../show-answer.ts";

/** `job remove` */
export const jobRemove: CommandMaker = (context) =>
  verb("remove <job>", "Remove a job; its restore points stay", ["job remove nightly"]).action(
    async (job: string, _options, command) => {
      const options = optionsOf(command);
      await showAnswer(context, options, {
        service: JobService,
        answer: RemoveJobResponseSchema,
        timeoutMs: quickCallMs,
        ask: (client, call) => client.removeJob({ job }, call),
        text: () => `job ${job} is removed; its points stay`,
      });
    },
  );
