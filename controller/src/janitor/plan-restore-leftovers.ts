import type { Disk } from "../hypervisor/inventory.ts";
import { type Owner, isSameOwner } from "../hypervisor/marks.ts";
import type { SurveyedVm } from "../hypervisor/survey.ts";
import type { CleaningAction, CleaningPlan, LeftAlone } from "./cleaning-actions.ts";
import type { Look } from "./plan-cleaning.ts";

/**
 * What restores left: VMs and disks with our mark of attempts that are not live. Those of a restore that succeeded only lose
 * the mark. A VM that is not down, and a disk that a VM without the same mark has, are in someone's use: they are named and
 * left alone.
 */
export const planRestoreLeftovers = (look: Look): Omit<CleaningPlan, "ending"> => {
  const vms = look.found.vms.map((vm) => judgeVm(look, vm));
  const disks = look.found.markedDisks.map((disk) => judgeDisk(look, disk));
  const judged = [...vms, ...disks];
  return {
    actions: judged.flatMap((one) => (one !== undefined && "kind" in one ? [one] : [])),
    left: judged.flatMap((one) => (one !== undefined && "what" in one ? [one] : [])),
  };
};

type Judgement = CleaningAction | LeftAlone | undefined;

const judgeVm = (look: Look, { vm }: SurveyedVm): Judgement => {
  const owner = look.ownerOf(vm.description);
  if (owner === undefined || look.isLive(owner)) return undefined;
  if (look.succeeded(owner)) return { kind: "unmark-vm", vmId: vm.id, owner, reason: "its restore succeeded" };
  if (vm.status !== "down") {
    return { what: "vm", id: vm.id, reason: `it is of an unfinished restore, but it is ${vm.status}: someone uses it` };
  }
  return { kind: "remove-vm", vmId: vm.id, owner, reason: "its restore did not finish" };
};

const judgeDisk = (look: Look, disk: Disk): Judgement => {
  const owner = look.ownerOf(disk.description);
  if (owner === undefined || look.isLive(owner)) return undefined;
  const holder = look.found.vms.find(({ vm }) => vm.disks.some(({ id }) => id === disk.id))?.vm;
  if (look.succeeded(owner)) {
    return { kind: "unmark-disk", diskId: disk.id, vmId: holder?.id, owner, reason: "its restore succeeded" };
  }
  if (holder !== undefined && (!isOfSame(look, holder.description, owner) || holder.status !== "down")) {
    return { what: "disk", id: disk.id, reason: `it is of an unfinished restore, but vm ${holder.name} has it` };
  }
  return { kind: "remove-disk", diskId: disk.id, owner, reason: "its restore did not finish" };
};

const isOfSame = (look: Look, description: string, owner: Owner): boolean => {
  const holder = look.ownerOf(description);
  return holder !== undefined && isSameOwner(holder, owner);
};
