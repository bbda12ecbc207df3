import { EditWorkerResponseSchema, WorkerService } from "@holdfast/proto/holdfast/controller/v1/worker_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { slowCallMs, withService } from "../connection.ts";
import { emit } from "../output/output.ts";
import { type DefinitionOptions, changedDefinition, withDefinitionOptions } from "./definition-options.ts";
import { workerText } from "./worker-text.ts";

interface EditOptions extends DefinitionOptions {
  readonly name?: string;
  readonly force?: boolean;
}

/** `worker edit`: reads the definition, changes what is given, writes it back. */
export const workerEdit: CommandMaker = (context) =>
  withDefinitionOptions(
    verb("edit <worker>", "Change a worker; what is not given stays, the VM follows at its next launch", [
      "worker edit holdfast-worker-1 --tasks 8",
      "worker edit holdfast-worker-1 --network backup,192.0.2.11/24,192.0.2.1 --force",
    ]),
  )
    .option("--name <name>", "new name")
    .option("--force", "also while it has tasks: they end and are tried again elsewhere")
    .action(async (worker: string, _options, command) => {
      const options = optionsOf<EditOptions>(command);
      const answer = await withService(context, options, WorkerService, async (client) => {
        const call = { signal: context.signal, timeoutMs: slowCallMs };
        const before = (await client.getWorker({ worker }, call)).worker;
        if (before?.definition === undefined) throw new HoldfastError("NOT_FOUND", `no worker ${worker}`);
        const definition = {
          ...changedDefinition(before.definition, options),
          ...(options.name !== undefined && { name: options.name }),
        };
        return await client.editWorker({ worker: before.workerId, definition, force: options.force ?? false }, call);
      });
      emit(context, options, {
        schema: EditWorkerResponseSchema,
        message: answer,
        table: () => (answer.worker ? workerText(answer.worker) : ""),
      });
    });
