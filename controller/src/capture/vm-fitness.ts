import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";

import type { VmDetails } from "../hypervisor/inventory.ts";

/** Why a capture of a VM cannot start now; undefined when nothing speaks against it. */
export const whyUnfit = (vm: VmDetails): HoldfastError | undefined => {
  const named = `vm ${vm.name}`;
  const details = { vmId: vm.id, status: vm.status };
  if (vm.isManager) {
    return new HoldfastError("FAILED_PRECONDITION", `${named} is the manager's own; the engine refuses to back it up`, {
      details,
    });
  }
  if (vm.status !== "up" && vm.status !== "down") {
    return new HoldfastError("VM_STATE_UNFIT", `${named} is ${vm.status}; it must be up or down`, { details });
  }
  if (vm.snapshots.some(({ type, status }) => type === "preview" || status === "in_preview")) {
    return new HoldfastError("VM_STATE_UNFIT", `${named} is previewing a snapshot`, { details });
  }
  return undefined;
};
