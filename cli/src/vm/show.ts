import {
  GetVmResponseSchema,
  InventoryService,
  type Vm,
  type VmDisk,
  type VmForecast,
} from "@holdfast/proto/holdfast/controller/v1/inventory_pb";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { slowCallMs } from "../connection.ts";
import { factsText, tableText } from "../output/output.ts";
import { plannedVmText } from "../job/job-text.ts";
import { bytesText, spanText, timeText } from "../output/units.ts";
import { showAnswer } from "../show-answer.ts";

/** `vm show` */
export const vmShow: CommandMaker = (context) =>
  verb("show <vm>", "Show one VM: disks, jobs, newest good point, what the next run of each job will do", [
    "vm show web-1",
    "vm show prod/web-1",
  ]).action(async (vm: string, _options, command) => {
    const options = optionsOf(command);
    await showAnswer(context, options, {
      service: InventoryService,
      answer: GetVmResponseSchema,
      timeoutMs: slowCallMs,
      ask: (client, call) => client.getVm({ vm }, call),
      text: (answer) => (answer.vm ? [vmText(answer.vm), ...answer.forecasts.map(forecastText)].join("\n\n") : ""),
    });
  });

const vmText = (vm: Vm): string =>
  [
    factsText([
      ["name", vm.name],
      ["id", vm.vmId],
      ["manager", vm.managerName],
      ["cluster", vm.clusterName],
      ["status", vm.status],
      ["host", vm.hostName],
      ["memory", bytesText(vm.memoryBytes)],
      ["jobs", vm.jobs.length === 0 ? "none" : vm.jobs.join(", ")],
      ["newest point", newestPointText(vm)],
    ]),
    "",
    tableText(
      ["disk", "alias", "size", "used", "format", "interface", "backup"],
      vm.disks.map((disk) => [
        disk.diskId,
        disk.alias,
        bytesText(disk.sizeBytes),
        bytesText(disk.actualBytes),
        disk.format,
        disk.interface,
        backupText(disk),
      ]),
    ),
  ].join("\n");

const backupText = ({ excludedReason, trackingOff }: VmDisk): string => {
  if (excludedReason !== "") return `no: ${excludedReason}`;
  return trackingOff ? "yes, without change tracking (vm enable-tracking)" : "yes";
};

const forecastText = ({ jobName, runMs, plan }: VmForecast): string =>
  [`job ${jobName}, run at ${timeText(runMs)}`, ...(plan === undefined ? [] : [plannedVmText(plan)])].join("\n");

const newestPointText = (vm: Vm): string =>
  vm.newestPoint === undefined
    ? "none"
    : `${vm.newestPoint.pointId} in ${vm.newestPoint.repositoryName}, ${spanText(vm.newestPoint.ageMs)} old`;
