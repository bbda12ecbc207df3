import {
  type PlanRestoreResponse,
  PlanRestoreResponseSchema,
  RestoreService,
} from "@holdfast/proto/holdfast/controller/v1/restore_pb";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { slowCallMs, withService } from "../connection.ts";
import { emit, factsText, tableText } from "../output/output.ts";
import { bytesText } from "../output/units.ts";
import { remarkText } from "../session/session-text.ts";
import { type TargetOptions, targetOf, withTargetOptions } from "./target-options.ts";

interface PlanOptions extends TargetOptions {
  readonly name?: string;
  readonly disk?: string;
}

/** `restore plan` */
export const restorePlan: CommandMaker = (context) =>
  withTargetOptions(
    verb("plan <point>", "Show what a restore would do and whether it can", ["restore plan 7h2k9x0c2m1qa4b8d3e5"]),
  )
    .option("--name <name>", "name of the new VM")
    .option("--disk <disk>", "only this disk")
    .action(async (pointId: string, _options, command) => {
      const options = optionsOf<PlanOptions>(command);
      const request = { pointId, target: targetOf(options), diskId: options.disk ?? "", name: options.name ?? "" };
      const answer = await withService(context, options, RestoreService, (client) =>
        client.planRestore(request, { signal: context.signal, timeoutMs: slowCallMs }),
      );
      emit(context, options, { schema: PlanRestoreResponseSchema, message: answer, table: () => planText(answer) });
    });

const planText = (plan: PlanRestoreResponse): string =>
  [
    factsText([
      ["restore as", plan.name],
      ["manager", plan.managerName],
      ["cluster", plan.clusterName],
      ["storage domain", plan.storageDomainName],
      ["placement", plan.placement],
    ]),
    "",
    tableText(
      ["disk", "alias", "size", "format"],
      plan.disks.map((disk) => [disk.diskId, disk.alias, bytesText(disk.sizeBytes), disk.format]),
    ),
    ...plan.remarks.map(remarkText),
  ].join("\n");
