import type { Actor, Engine } from "../engine/engine.ts";
import { isEngineAtLeast } from "../engine/engine-version.ts";
import { conflict, refused } from "../engine/engine-fault.ts";
import { eventCodes, noteEvent } from "../events/event-log.ts";
import type { Backup } from "../model/backup.ts";
import { isTransferOpen } from "../model/transfer.ts";
import { endBackup } from "./end-backup.ts";

/** Before 4.5.1 the engine did not look, and the transfers just broke. */
const isHeldByTransfer = (engine: Engine, backup: Backup): boolean =>
  isEngineAtLeast(engine, "4.5.1") &&
  [...engine.world.transfers.values()].some(
    (transfer) =>
      transfer.source.kind === "backup" && transfer.source.backupId === backup.id && isTransferOpen(transfer),
  );

/** Takes a finalize: the end follows in the background. Before `ready` it refuses and makes the backup fail. */
export const finalizeBackup = (engine: Engine, actor: Actor, backup: Backup): void => {
  const vm = engine.world.vms.get(backup.vmId);
  const prefix = `Cannot stop VM backup. VM '${vm?.name ?? ""}' backup '${backup.id}'`;
  switch (backup.phase) {
    case "initializing":
    case "starting":
      backup.aborted = true;
      engine.save();
      throw refused(
        `Cannot stop VM backup. Backup '${backup.id}' is in '${backup.phase}' phase, premature backup stop was initiated.`,
      );
    case "finalizing":
    case "succeeded":
    case "failed": {
      const shown = { finalizing: "Finalizing", succeeded: "Succeeded", failed: "Failed" }[backup.phase];
      throw refused(`${prefix} is already in '${shown}' phase, no need to stop the backup again`);
    }
    case "ready":
      break;
  }
  if (isHeldByTransfer(engine, backup)) {
    throw conflict("Cannot stop VM backup. There is an active image transfer for VM backup");
  }
  backup.phase = "finalizing";
  noteEvent(engine, actor, {
    code: eventCodes.backupFinalized,
    description: `Backup ${backup.id} for VM ${vm?.name ?? ""} finalized (User: ${actor.login}).`,
    vmId: backup.vmId,
  });
  engine.save();
  engine.background.run("finalize backup", () => endBackup(engine, actor, backup, "succeeded"));
};
