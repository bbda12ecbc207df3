import { GetJobResponseSchema, JobService } from "@holdfast/proto/holdfast/controller/v1/job_pb";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { quickCallMs, withService } from "../connection.ts";
import { emit } from "../output/output.ts";
import { jobText } from "./job-text.ts";

/** `job show` */
export const jobShow: CommandMaker = (context) =>
  verb("show <job>", "Show one job", ["job show nightly"]).action(async (job: string, _options, command) => {
    const options = optionsOf(command);
    const answer = await withService(context, options, JobService, (client) =>
      client.getJob({ job }, { signal: context.signal, timeoutMs: quickCallMs }),
    );
    emit(context, options, {
      schema: GetJobResponseSchema,
      message: answer,
      table: () => (answer.job ? jobText(answer.job) : ""),
    });
  });
