import { pause } from "../engine/engine.ts";
import { eventCodes, noteEvent } from "../events/event-log.ts";
import type { TicketStatus } from "../imageio/tickets.ts";
import type { Transfer } from "../model/transfer.ts";
import { endTransfer } from "./end-transfer.ts";
import type { TransferContext } from "./transfer-context.ts";
import { closeTicket, ticketTimeoutS } from "./transfer-tickets.ts";

const isIdleTooLong = (transfer: Transfer, status: TicketStatus): boolean =>
  transfer.inactivityTimeoutS > 0 && !status.active && status.idleSeconds > transfer.inactivityTimeoutS;

const pausesWhenIdle = (transfer: Transfer): boolean =>
  transfer.timeoutPolicy === "pause" || (transfer.timeoutPolicy === "legacy" && transfer.direction === "upload");

const timeOut = async (context: TransferContext, transfer: Transfer): Promise<void> => {
  const { engine, exports, actor } = context;
  if (pausesWhenIdle(transfer)) {
    transfer.phase = "paused_system";
    await closeTicket(engine, exports, transfer);
    noteEvent(engine, actor, {
      code: eventCodes.uploadPausedByTimeout,
      severity: "warning",
      description: `Transfer ${transfer.id} was paused by system due to timeout.`,
      diskId: transfer.source.diskId,
    });
    engine.save();
    return;
  }
  transfer.phase = "cancelled_system";
  noteEvent(engine, actor, {
    code: eventCodes.transferCancelledByTimeout,
    severity: "warning",
    description: `Transfer ${transfer.id} was cancelled by system due to timeout.`,
    diskId: transfer.source.diskId,
  });
  engine.save();
  await endTransfer(context, transfer);
};

/** Phase of this moment, read anew after each wait. */
const phaseOf = (transfer: Transfer): Transfer["phase"] => transfer.phase;

/** Keeps the ticket alive and takes its progress over; undefined when there is no ticket any more. */
const look = ({ engine }: TransferContext, transfer: Transfer): TicketStatus | undefined => {
  const tickets = engine.imageio.hosts.get(transfer.hostId)?.tickets;
  if (phaseOf(transfer) !== "transferring" || transfer.ticketId === undefined) return undefined;
  const status = tickets?.status(transfer.ticketId);
  if (status === undefined) return undefined;
  tickets?.extend(transfer.ticketId, ticketTimeoutS);
  transfer.transferredBytes = status.transferredBytes;
  transfer.active = status.active;
  return status;
};

const isComplete = ({ exports }: TransferContext, transfer: Transfer, status: TicketStatus): boolean => {
  const sizeBytes = exports.get(transfer.id)?.sizeBytes ?? Number.POSITIVE_INFINITY;
  return transfer.direction === "download" && status.transferredBytes >= sizeBytes && !status.active;
};

/**
 * Looks at the ticket as the engine does: keeps it alive, shows its progress, ends what is idle for too long, and
 * finalizes a download of which every byte was read and that was quiet on two looks in a row.
 */
export const watchTransfer = async (context: TransferContext, transfer: Transfer): Promise<void> => {
  const { engine } = context;
  let quietLooks = 0;
  for (let status = look(context, transfer); status !== undefined; status = look(context, transfer)) {
    if (isIdleTooLong(transfer, status)) {
      await timeOut(context, transfer);
      return;
    }
    quietLooks = isComplete(context, transfer, status) ? quietLooks + 1 : 0;
    if (quietLooks >= 2) {
      transfer.phase = "finalizing_success";
      engine.save();
      await endTransfer(context, transfer);
      return;
    }
    await pause(engine, "pollMs");
  }
};
