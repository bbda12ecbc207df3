import { JobService, PlanJobResponseSchema } from "@holdfast/proto/holdfast/controller/v1/job_pb";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { slowCallMs, withService } from "../connection.ts";
import { emit } from "../output/output.ts";
import { planText } from "./job-text.ts";

/** `job plan` */
export const jobPlan: CommandMaker = (context) =>
  verb("plan <job>", "Show what a run would do now, without doing it", ["job plan nightly"]).action(
    async (job: string, _options, command) => {
      const options = optionsOf(command);
      const answer = await withService(context, options, JobService, (client) =>
        client.planJob({ job }, { signal: context.signal, timeoutMs: slowCallMs }),
      );
      emit(context, options, { schema: PlanJobResponseSchema, message: answer, table: () => planText(answer.vms) });
    },
  );
