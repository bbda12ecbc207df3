import { eventCodes, noteEvent } from "../events/event-log.ts";
import type { Transfer } from "../model/transfer.ts";
import { endTransfer } from "./end-transfer.ts";
import type { TransferContext } from "./transfer-context.ts";
import { closeTicket } from "./transfer-tickets.ts";

/** Stops a transfer whose ticket can no longer be renewed: a download is cancelled, an upload paused. */
export const stopBySystem = async (context: TransferContext, transfer: Transfer): Promise<void> => {
  const { engine, exports, actor } = context;
  noteEvent(engine, actor, {
    code: eventCodes.transferHostLost,
    severity: "error",
    description: `Transfer was stopped by system. Reason: failure in transfer image ticket renewal of ${transfer.id}.`,
    diskId: transfer.source.diskId,
  });
  if (transfer.direction === "upload") {
    transfer.phase = "paused_system";
    await closeTicket(engine, exports, transfer);
    engine.save();
    return;
  }
  transfer.phase = "cancelled_system";
  engine.save();
  engine.background.run("stop transfer", () => endTransfer(context, transfer));
};
