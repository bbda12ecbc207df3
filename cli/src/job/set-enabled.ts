import { JobService, SetJobEnabledResponseSchema } from "@holdfast/proto/holdfast/controller/v1/job_pb";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { quickCallMs, withService } from "../connection.ts";
import { emit } from "../output/output.ts";

const setEnabled =
  (name: "enable" | "disable", description: string): CommandMaker =>
  (context) =>
    verb(`${name} <job>`, description, [`job ${name} nightly`]).action(async (job: string, _options, command) => {
      const options = optionsOf(command);
      const answer = await withService(context, options, JobService, (client) =>
        client.setJobEnabled({ job, enabled: name === "enable" }, { signal: context.signal, timeoutMs: quickCallMs }),
      );
      emit(context, options, {
        schema: SetJobEnabledResponseSchema,
        message: answer,
        table: () => `job ${job} is ${name}d`,
      });
    });

/** `job enable` */
export const jobEnable = setEnabled("enable", "Let the schedule start the job");
/** `job disable` */
export const jobDisable = setEnabled("disable", "Keep the schedule from starting the job; it can be run by hand");
