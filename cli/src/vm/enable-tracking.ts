import { EnableTrackingResponseSchema, InventoryService } from "@holdfast/proto/holdfast/controller/v1/inventory_pb";
import { isErrorCode, traitsOf } from "@holdfast/shared/errors/codes";
import { type CommandMaker, listOption, optionsOf, verb } from "../command.ts";
import { slowCallMs } from "../connection.ts";
import { tableText } from "../output/output.ts";
import { showAnswer } from "../show-answer.ts";

interface TrackingOptions {
  readonly job?: string;
  readonly disk?: readonly string[];
  readonly dryRun?: boolean;
}

/** `vm enable-tracking` */
export const vmEnableTracking: CommandMaker = (context) =>
  verb("enable-tracking [vms...]", "Let the engine track the changes of disks that need its flag for that", [
    "vm enable-tracking web-1 db-1",
    "vm enable-tracking --job nightly --dry-run",
  ])
    .option("--job <job>", "all VMs of this job as well")
    .addOption(listOption("--disk <disk>", "only this disk, by id or alias (repeatable)"))
    .option("--dry-run", "tell what would be done, and do nothing")
    .addHelpText(
      "after",
      "\nCompatibility levels below 4.5 track only qcow2 disks that carry the flag; from 4.5 on nothing is to be done.",
    )
    .action(async (vms: string[], _options, command) => {
      const options = optionsOf<TrackingOptions>(command);
      const { job = "", disk = [], dryRun = false } = options;
      const { disks } = await showAnswer(context, options, {
        service: InventoryService,
        answer: EnableTrackingResponseSchema,
        timeoutMs: slowCallMs,
        ask: (client, call) => client.enableTracking({ vms, job, disks: [...disk], dryRun }, call),
        text: (answer) =>
          tableText(
            ["manager", "vm", "disk", "alias", "outcome", "why"],
            answer.disks.map((one) => [
              one.managerName,
              one.vmName,
              one.diskId,
              one.alias,
              one.outcome,
              one.code === "" ? one.message : `${one.code}: ${one.message}`,
            ]),
          ),
      });
      const failed = disks.find(({ code }) => code !== "");
      if (failed !== undefined) context.setExitCode(traitsOf(isErrorCode(failed.code) ? failed.code : "INTERNAL").exit);
    });
