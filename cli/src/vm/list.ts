import { InventoryService, ListVmsResponseSchema, type Vm } from "@holdfast/proto/holdfast/controller/v1/inventory_pb";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { slowCallMs } from "../connection.ts";
import { collectBatches } from "../output/collect-batches.ts";
import { tableText } from "../output/output.ts";
import { bytesText, spanText } from "../output/units.ts";
import { showAnswer } from "../show-answer.ts";

interface ListOptions {
  readonly manager?: string;
  readonly cluster?: string;
  readonly refresh?: boolean;
}

/** `vm list` */
export const vmList: CommandMaker = (context) =>
  verb("list", "List the VMs of the managers, with the newest good point of each", [
    "vm list",
    "vm list --manager prod --refresh",
  ])
    .option("--manager <manager>", "only this manager's")
    .option("--cluster <cluster>", "only this cluster's")
    .option("--refresh", "read the engine again first")
    .action(async (_options, command) => {
      const options = optionsOf<ListOptions>(command);
      const request = {
        manager: options.manager ?? "",
        cluster: options.cluster ?? "",
        refresh: options.refresh ?? false,
      };
      await showAnswer(context, options, {
        service: InventoryService,
        answer: ListVmsResponseSchema,
        timeoutMs: slowCallMs,
        ask: (client, call) => collectBatches(ListVmsResponseSchema, client.listVms(request, call)),
        text: (answer) =>
          tableText(
            ["name", "manager", "cluster", "status", "disks", "size", "newest point", "age"],
            answer.vms.map((vm) => [
              vm.name,
              vm.managerName,
              vm.clusterName,
              vm.status,
              String(vm.disks.length),
              bytesText(vm.disks.reduce((sum, disk) => sum + disk.sizeBytes, 0n)),
              ...newestPointCells(vm),
            ]),
          ),
      });
    });

const newestPointCells = (vm: Vm): readonly string[] =>
  vm.newestPoint === undefined ? ["none", "-"] : [vm.newestPoint.pointId, spanText(vm.newestPoint.ageMs)];
