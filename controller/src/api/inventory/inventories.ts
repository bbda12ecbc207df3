import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";
import type { ManagerConnection } from "../../inventory/manager-connection.ts";
import type { ManagerVms } from "../../inventory/resolve-vm.ts";
import type { ApiDeps } from "../api-deps.ts";

/** Which managers are read again before they are shown. */
export type Freshness = "missing" | "all";

/** What the managers have; one that cannot be read now is shown as it was last seen. */
export const inventories = async (
  deps: Pick<ApiDeps, "managers" | "log">,
  freshness: Freshness,
  signal: AbortSignal,
): Promise<readonly ManagerVms[]> => {
  const managers = deps.managers.list();
  await Promise.all(
    managers
      .filter(({ inventory }) => freshness === "all" || inventory === undefined)
      .map((one) => refresh(deps, one, signal)),
  );
  return managers.map(({ record, inventory }) => ({
    managerId: record.managerId,
    managerName: record.name,
    vms: inventory?.vms ?? [],
  }));
};

/** What `look` finds in the inventories; read again when it finds no such VM, since one may be younger than the last reading. */
export const findInInventories = async <Found>(
  deps: Pick<ApiDeps, "managers" | "log">,
  look: (managers: readonly ManagerVms[]) => Found,
  signal: AbortSignal,
): Promise<Found> => {
  try {
    return look(await inventories(deps, "missing", signal));
  } catch (caught) {
    if (!hasCode(caught, "VM_NOT_FOUND")) throw caught;
    return look(await inventories(deps, "all", signal));
  }
};

const refresh = async (deps: Pick<ApiDeps, "log">, manager: ManagerConnection, signal: AbortSignal): Promise<void> => {
  try {
    await manager.refresh(signal);
  } catch (caught) {
    signal.throwIfAborted();
    const { code, message } = HoldfastError.from(caught);
    deps.log.warn("a manager's inventory cannot be read", { manager: manager.record.managerId, code, reason: message });
  }
};
