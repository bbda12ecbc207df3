import { JobService, ListJobsResponseSchema } from "@holdfast/proto/holdfast/controller/v1/job_pb";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { quickCallMs } from "../connection.ts";
import { showAnswer } from "../show-answer.ts";
import { jobsTable } from "./job-text.ts";

/** `job list` */
export const jobList: CommandMaker = (context) =>
  verb("list", "List the jobs", ["job list"]).action(async (_options, command) => {
    const options = optionsOf(command);
    await showAnswer(context, options, {
      service: JobService,
      answer: ListJobsResponseSchema,
      timeoutMs: quickCallMs,
      ask: (client, call) => client.listJobs({}, call),
      text: ({ jobs }) => jobsTable(jobs),
    });
  });
