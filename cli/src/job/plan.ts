import { JobService, PlanJobResponseSchema } from "@holdfast/proto/holdfast/controller/v1/job_pb";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { slowCallMs, withService } from "../connection.ts";
import { emit } from "../output/output.ts";
import { timeText } from "../output/units.ts";
import { planText } from "./job-text.ts";

interface PlanOptions {
  readonly activeFull?: boolean;
}

/** `job plan` */
export const jobPlan: CommandMaker = (context) =>
  verb("plan <job>", "Show what the next run will do with each disk, and about how much and how long", [
    "job plan nightly",
    "job plan nightly --active-full",
  ])
    .option("--active-full", "plan a run that reads everything")
    .action(async (job: string, _options, command) => {
      const options = optionsOf<PlanOptions>(command);
      const request = { job, activeFull: options.activeFull ?? false };
      const answer = await withService(context, options, JobService, (client) =>
        client.planJob(request, { signal: context.signal, timeoutMs: slowCallMs }),
      );
      const table = (): string => [`run at ${timeText(answer.runMs)}`, planText(answer.vms)].join("\n\n");
      emit(context, options, { schema: PlanJobResponseSchema, message: answer, table });
    });
