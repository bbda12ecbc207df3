import { JobService, ListJobsResponseSchema } from "@holdfast/proto/holdfast/controller/v1/job_pb";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { quickCallMs, withService } from "../connection.ts";
import { emit } from "../output/output.ts";
import { jobsTable } from "./job-text.ts";

/** `job list` */
export const jobList: CommandMaker = (context) =>
  verb("list", "List the jobs", ["job list"]).action(async (_options, command) => {
    const options = optionsOf(command);
    const answer = await withService(context, options, JobService, (client) =>
      client.listJobs({}, { signal: context.signal, timeoutMs: quickCallMs }),
    );
    emit(context, options, { schema: ListJobsResponseSchema, message: answer, table: () => jobsTable(answer.jobs) });
  });
