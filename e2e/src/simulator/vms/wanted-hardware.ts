import { defined } from "../model/defined.ts";
import type { CpuTopology } from "../model/vm.ts";
import { type SettingsTree, settingsAfter } from "./kept-settings.ts";
import type { VmBody } from "./vm-body.ts";

/** The topology of a body laid over another one. */
export const topologyOf = (body: VmBody, base: CpuTopology = { sockets: 1, cores: 1, threads: 1 }): CpuTopology => ({
  ...base,
  ...defined(body.cpu?.topology ?? {}),
});

/** Plain attributes that a body sets, in the model's names; `settings` are those of before with the body's laid over them. */
export const wantedAttributes = (body: VmBody, settings?: SettingsTree) =>
  defined({
    description: body.description,
    comment: body.comment,
    memoryBytes: body.memory,
    biosType: body.bios?.type,
    osType: body.os?.type,
    type: body.type,
    customLevel: body.custom_compatibility_version,
    deleteProtected: body.delete_protected,
    settings: settingsAfter(body, settings),
  });
