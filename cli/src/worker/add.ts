import { AddWorkerResponseSchema, WorkerService } from "@holdfast/proto/holdfast/controller/v1/worker_pb";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { slowCallMs } from "../connection.ts";
import { showAnswer } from "../show-answer.ts";
import { type DefinitionOptions, newDefinition, withDefinitionOptions } from "./definition-options.ts";
import { workerText } from "./worker-text.ts";

/** `worker add`: the VM is made at the first use or test. */
export const workerAdd: CommandMaker = (context) =>
  withDefinitionOptions(
    verb("add <name>", "Define a worker of a cluster; its VM is made when it is first needed or tested", [
      "worker add holdfast-worker-1 --manager prod --cluster Default --template holdfast-worker",
      "worker add holdfast-worker-1 --manager prod --cluster Default --image /var/lib/holdfast/worker.qcow2 --network ovirtmgmt",
      "worker add holdfast-worker-1 --manager prod --cluster Default --template holdfast-worker --network backup,192.0.2.10/24,192.0.2.1 --dns 192.0.2.53",
    ])
      .option("--manager <manager>", "manager that the cluster is of")
      .option("--cluster <cluster>", "cluster that it runs in and works for"),
  ).action(async (name: string, _options, command) => {
    const options = optionsOf<DefinitionOptions>(command);
    const definition = newDefinition(name, options);
    await showAnswer(context, options, {
      service: WorkerService,
      answer: AddWorkerResponseSchema,
      timeoutMs: slowCallMs,
      ask: (client, call) => client.addWorker({ definition }, call),
      text: (answer) => (answer.worker ? workerText(answer.worker) : ""),
    });
  });
