import { pause } from "../engine/engine.ts";
import { eventCodes, noteEvent } from "../events/event-log.ts";
import type { Transfer } from "../model/transfer.ts";
import { endTransfer } from "./end-transfer.ts";
import type { TransferContext } from "./transfer-context.ts";
import { closeTicket, openTicket } from "./transfer-tickets.ts";
import { watchTransfer } from "./watch-transfer.ts";

const failStart = async (context: TransferContext, transfer: Transfer, caught: unknown): Promise<void> => {
  const { engine, exports, actor } = context;
  engine.log.info("a transfer could not start", { err: caught, transfer: transfer.id });
  await closeTicket(engine, exports, transfer);
  if (transfer.direction === "upload") {
    transfer.phase = "paused_system";
    engine.save();
    return;
  }
  transfer.phase = "cancelled_system";
  engine.save();
  await endTransfer({ engine, exports, actor }, transfer);
};

/** True while nobody has ended the transfer: asked again after every wait. */
const isStarting = (transfer: Transfer): boolean => transfer.phase === "initializing" || transfer.phase === "resuming";

/** The background part of a start: host, export, ticket, `transferring`; then it watches until the transfer ends. */
export const runTransfer = async (context: TransferContext, transfer: Transfer): Promise<void> => {
  const { engine, exports, actor } = context;
  await pause(engine, "phaseMs");
  if (!isStarting(transfer)) return;
  if (!engine.world.hosts.has(transfer.hostId)) {
    noteEvent(engine, actor, {
      code: eventCodes.noHostForTransfer,
      severity: "error",
      description: `Transfer was stopped by system. Reason: failed to find an active host for transfer ${transfer.id}.`,
      diskId: transfer.source.diskId,
    });
    await failStart(context, transfer, new Error("no active host"));
    return;
  }
  try {
    await openTicket(engine, exports, transfer);
  } catch (caught) {
    if (isStarting(transfer)) await failStart(context, transfer, caught);
    return;
  }
  if (!isStarting(transfer)) {
    await closeTicket(engine, exports, transfer);
    return;
  }
  transfer.phase = "transferring";
  engine.save();
  await watchTransfer(context, transfer);
};
