import { EditJobResponseSchema, JobService } from "@holdfast/proto/holdfast/controller/v1/job_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { slowCallMs, withService } from "../connection.ts";
import { emit } from "../output/output.ts";
import { type DefinitionOptions, changedDefinition, withDefinitionOptions } from "./definition-options.ts";
import { jobText } from "./job-text.ts";

/** `job edit`: reads the definition, changes what is given, writes it back. */
export const jobEdit: CommandMaker = (context) =>
  withDefinitionOptions(
    verb("edit <job>", "Change a job; what is not given stays", [
      "job edit nightly --daily-at 23:30",
      "job edit nightly --no-schedule",
    ]),
  )
    .option("--name <name>", "new name")
    .action(async (job: string, _options, command) => {
      const options = optionsOf<DefinitionOptions & { name?: string }>(command);
      const answer = await withService(context, options, JobService, async (client) => {
        const call = { signal: context.signal, timeoutMs: slowCallMs };
        const before = (await client.getJob({ job }, call)).job;
        if (before?.definition === undefined) throw new HoldfastError("NOT_FOUND", `no job ${job}`);
        const definition = {
          ...changedDefinition(before.definition, options),
          ...(options.name !== undefined && { name: options.name }),
        };
        return await client.editJob({ job: before.jobId, definition }, call);
      });
      emit(context, options, {
        schema: EditJobResponseSchema,
        message: answer,
        table: () => (answer.job ? jobText(answer.job) : ""),
      });
    });
