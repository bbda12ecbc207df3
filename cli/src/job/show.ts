import { GetJobResponseSchema, JobService } from "@holdfast/proto/holdfast/controller/v1/job_pb";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { quickCallMs } from "../connection.ts";
import { showAnswer } from "../show-answer.ts";
import { jobText } from "./job-text.ts";

/** `job show` */
export const jobShow: CommandMaker = (context) =>
  verb("show <job>", "Show one job", ["job show nightly"]).action(async (job: string, _options, command) => {
    const options = optionsOf(command);
    await showAnswer(context, options, {
      service: JobService,
      answer: GetJobResponseSchema,
      timeoutMs: quickCallMs,
      ask: (client, call) => client.getJob({ job }, call),
      text: (answer) => (answer.job ? jobText(answer.job) : ""),
    });
  });
