import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { Logger } from "@holdfast/shared/logging/logger";
import type { ManagerConnection } from "./manager-connection.ts";
import type { ManagerRegistry } from "./manager-registry.ts";

/** Reads every manager's inventory; one that cannot be read keeps what it had and holds no other up. */
export const refreshInventories = async (
  managers: ManagerRegistry,
  log: Logger,
  signal: AbortSignal,
): Promise<void> => {
  const asked = managers.list().filter(({ condition }) => condition.state !== "credentials-refused");
  await Promise.all(asked.map((manager) => refreshOne(manager, log, signal)));
};

/** Keeps refused logins that were met anywhere, at once (R14). */
export const keepRefusals = async (managers: ManagerRegistry): Promise<void> => {
  for (const manager of managers.list()) {
    const login = manager.hypervisor.loginState();
    if (login.state === "credentials-refused" && manager.condition.state !== "credentials-refused") {
      await manager.note(new HoldfastError("ENGINE_CREDENTIALS_REFUSED", login.reason));
    }
  }
};

const refreshOne = async (manager: ManagerConnection, log: Logger, signal: AbortSignal): Promise<void> => {
  try {
    await manager.refresh(signal);
  } catch (caught) {
    signal.throwIfAborted();
    log.debug("an inventory cannot be read", { manager: manager.record.managerId, err: caught });
  }
};
