import { JobService, RunJobResponseSchema } from "@holdfast/proto/holdfast/controller/v1/job_pb";
import { randomName } from "@holdfast/shared/ids/ids";
import { type CommandMaker, listOption, optionsOf, verb } from "../command.ts";
import { slowCallMs, withService } from "../connection.ts";
import { emit } from "../output/output.ts";
import { watchToEnd } from "../session/watch.ts";

interface RunOptions {
  readonly wait?: boolean;
  readonly vm?: readonly string[];
  readonly requestId?: string;
  readonly activeFull?: boolean;
}

/** `job run` */
export const jobRun: CommandMaker = (context) =>
  verb("run <job>", "Start a session of the job now", [
    "job run nightly",
    "job run nightly --wait",
    "job run nightly --active-full",
  ])
    .option("--wait", "show progress and wait for the end; the exit code tells the result")
    .addOption(listOption("--vm <vm>", "only this VM of the job (repeatable)"))
    .option("--active-full", "read everything, whatever change tracking tells, and check what it told")
    .option("--request-id <words>", "the same words start one session, however often they are sent")
    .action(async (job: string, _options, command) => {
      const options = optionsOf<RunOptions>(command);
      const requestId = options.requestId ?? randomName(16);
      const answer = await withService(context, options, JobService, (client) =>
        client.runJob(
          { job, requestId, vms: [...(options.vm ?? [])], activeFull: options.activeFull ?? false },
          { signal: context.signal, timeoutMs: slowCallMs },
        ),
      );
      if (options.wait === true) await watchToEnd(context, options, answer.sessionId);
      else
        emit(context, options, {
          schema: RunJobResponseSchema,
          message: answer,
          table: () => `session ${answer.sessionId} started`,
        });
    });
