import { JobService, SetJobEnabledResponseSchema } from "@holdfast/proto/holdfast/controller/v1/job_pb";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { quickCallMs } from "../connection.ts";
import { showAnswer } from "../show-answer.ts";

const setEnabled =
  (name: "enable" | "disable", description: string): CommandMaker =>
  (context) =>
    verb(`${name} <job>`, description, [`job ${name} nightly`]).action(async (job: string, _options, command) => {
      const options = optionsOf(command);
      await showAnswer(context, options, {
        service: JobService,
        answer: SetJobEnabledResponseSchema,
        timeoutMs: quickCallMs,
        ask: (client, call) => client.setJobEnabled({ job, enabled: name === "enable" }, call),
        text: () => `job ${job} is ${name}d`,
      });
    });

/** `job enable` */
export const jobEnable = setEnabled("enable", "Let the schedule start the job");
/** `job disable` */
export const jobDisable = setEnabled("disable", "Keep the schedule from starting the job; it can be run by hand");
