import { refreshSizes } from "../disks/make-disk.ts";
import { dropDisk } from "../disks/remove-disk.ts";
import { pause } from "../engine/engine.ts";
import { eventCodes, noteEvent } from "../events/event-log.ts";
import type { Transfer, TransferPhase } from "../model/transfer.ts";
import { closeTicket } from "./transfer-tickets.ts";
import type { TransferContext } from "./transfer-context.ts";

const isUploadGood = async ({ engine }: TransferContext, transfer: Transfer): Promise<boolean> => {
  const disk = engine.world.disks.get(transfer.source.diskId);
  if (disk === undefined || engine.hooks.failUpload.delete(disk.id)) return false;
  const facts = await engine.storage.inspectVolume(disk.imageId);
  return facts.sizeBytes === disk.sizeBytes && facts.format === disk.format;
};

const removeUploadedDisk = async ({ engine, actor }: TransferContext, transfer: Transfer): Promise<void> => {
  const disk = engine.world.disks.get(transfer.source.diskId);
  if (disk !== undefined) await dropDisk(engine, actor, disk);
};

const move = async (context: TransferContext, transfer: Transfer, phase: TransferPhase): Promise<void> => {
  transfer.phase = phase;
  context.engine.save();
  await pause(context.engine, "phaseMs");
};

const finish = (context: TransferContext, transfer: Transfer, phase: TransferPhase): void => {
  const { engine, actor } = context;
  transfer.phase = phase;
  transfer.endedMs = engine.clock.nowMs();
  const outcome = {
    finished_success: { code: eventCodes.transferSucceeded, words: "succeeded" },
    finished_cleanup: { code: eventCodes.transferCancelled, words: "was cancelled" },
  }[phase as string] ?? { code: eventCodes.transferFailed, words: "failed" };
  noteEvent(engine, actor, {
    code: outcome.code,
    severity: phase === "finished_failure" ? "error" : "normal",
    description: `Image ${transfer.direction} with disk ${transfer.source.diskId} ${outcome.words}.`,
    diskId: transfer.source.diskId,
  });
  engine.save();
};

const endWell = async (context: TransferContext, transfer: Transfer): Promise<void> => {
  await pause(context.engine, "phaseMs");
  await closeTicket(context.engine, context.exports, transfer);
  if (transfer.direction === "download") {
    finish(context, transfer, "finished_success");
    return;
  }
  if (await isUploadGood(context, transfer)) {
    const disk = context.engine.world.disks.get(transfer.source.diskId);
    if (disk !== undefined) await refreshSizes(context.engine, disk);
    finish(context, transfer, "finished_success");
    return;
  }
  const disk = context.engine.world.disks.get(transfer.source.diskId);
  if (disk !== undefined) disk.illegal = true;
  await move(context, transfer, "finalizing_failure");
  await removeUploadedDisk(context, transfer);
  finish(context, transfer, "finished_failure");
};

const endCancelled = async (context: TransferContext, transfer: Transfer): Promise<void> => {
  const bySystem = transfer.phase === "cancelled_system";
  await pause(context.engine, "phaseMs");
  await move(context, transfer, bySystem ? "finalizing_failure" : "finalizing_cleanup");
  await closeTicket(context.engine, context.exports, transfer);
  if (transfer.direction === "upload") await removeUploadedDisk(context, transfer);
  finish(context, transfer, bySystem ? "finished_failure" : "finished_cleanup");
};

/** Carries a transfer from `finalizing_success` or `cancelled_…` to its end. */
export const endTransfer = async (context: TransferContext, transfer: Transfer): Promise<void> => {
  await (transfer.phase === "finalizing_success" ? endWell : endCancelled)(context, transfer);
};
