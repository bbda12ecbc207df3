import { InventoryService, ListVmsResponseSchema } from "@holdfast/proto/holdfast/controller/v1/inventory_pb";
import { CreateJobResponseSchema, JobService } from "@holdfast/proto/holdfast/controller/v1/job_pb";
import { RepositoryRegistryService } from "@holdfast/proto/holdfast/controller/v1/repository_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { slowCallMs, withService } from "../connection.ts";
import type { CliContext } from "../context.ts";
import { collectBatches } from "../output/collect-batches.ts";
import { type GlobalOptions } from "../output/output.ts";
import { showAnswer } from "../show-answer.ts";
import { type DefinitionOptions, isEmpty, newDefinition, withDefinitionOptions } from "./definition-options.ts";
import { jobText } from "./job-text.ts";
import { type WizardChoices, runWizard } from "./wizard.ts";

/** `job create`: by options, or by questions when there are none and a terminal is there. */
export const jobCreate: CommandMaker = (context) =>
  withDefinitionOptions(
    verb("create [name]", "Create a job (without options on a terminal: asks)", [
      "job create",
      "job create nightly --vm web-1 --vm db-1 --repository main --daily-at 22:00 --keep-days 30",
    ]),
  ).action(async (name: string | undefined, _options, command) => {
    const options = optionsOf<DefinitionOptions>(command);
    const chosen = await chooseJob(context, options, name);
    if (chosen === undefined) {
      context.note("nothing was created");
      return;
    }
    await showAnswer(context, options, {
      service: JobService,
      answer: CreateJobResponseSchema,
      timeoutMs: slowCallMs,
      ask: (client, call) => client.createJob({ definition: newDefinition(chosen.name, chosen.options) }, call),
      text: (answer) => (answer.job ? jobText(answer.job) : ""),
    });
  });

const chooseJob = async (
  context: CliContext,
  options: DefinitionOptions & GlobalOptions,
  name: string | undefined,
): Promise<{ readonly name: string; readonly options: DefinitionOptions } | undefined> => {
  if (!isEmpty(options)) {
    if (name === undefined) throw new HoldfastError("INVALID_ARGUMENT", "job create needs a name");
    return { name, options };
  }
  if (context.ask === undefined)
    throw new HoldfastError("INVALID_ARGUMENT", "job create needs options where there is no terminal to ask on");
  const result = await runWizard({ ask: context.ask, note: context.note }, await choicesOf(context, options), name);
  return result.confirmed ? result : undefined;
};

const choicesOf = async (context: CliContext, options: GlobalOptions): Promise<WizardChoices> => {
  const call = { signal: context.signal, timeoutMs: slowCallMs };
  const inventory = await withService(context, options, InventoryService, (client) =>
    collectBatches(ListVmsResponseSchema, client.listVms({}, call)),
  );
  const registry = await withService(context, options, RepositoryRegistryService, (client) =>
    client.listRepositories({}, call),
  );
  const count = new Map<string, number>();
  for (const vm of inventory.vms) count.set(vm.name, (count.get(vm.name) ?? 0) + 1);
  return {
    vms: inventory.vms.map((vm) => (count.get(vm.name) === 1 ? vm.name : `${vm.managerName}/${vm.name}`)),
    repositories: registry.repositories.map((one) => one.name),
  };
};
