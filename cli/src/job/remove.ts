import { JobService, RemoveJobResponseSchema } from "@holdfast/proto/holdfast/controller/v1/job_pb";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { quickCallMs, withService } from "../connection.ts";
import { emit } from "../output/output.ts";

/** `job remove` */
export const jobRemove: CommandMaker = (context) =>
  verb("remove <job>", "Remove a job; its restore points stay", ["job remove nightly"]).action(
    async (job: string, _options, command) => {
      const options = optionsOf(command);
      const answer = await withService(context, options, JobService, (client) =>
        client.removeJob({ job }, { signal: context.signal, timeoutMs: quickCallMs }),
      );
      emit(context, options, {
        schema: RemoveJobResponseSchema,
        message: answer,
        table: () => `job ${job} is removed; its points stay`,
      });
    },
  );
