import type { Actor, Engine } from "../engine/engine.ts";
import { conflict, refused } from "../engine/engine-fault.ts";
import { newUuid } from "../engine/new-uuid.ts";
import { eventCodes, noteEvent } from "../events/event-log.ts";
import { stopBySystem } from "./stop-by-system.ts";
import { type Transfer, isTransferOpen } from "../model/transfer.ts";
import { endTransfer } from "./end-transfer.ts";
import { runTransfer } from "./run-transfer.ts";
import { chooseHost } from "./transfer-host.ts";
import { type TransferRequest, checkTransfer } from "./transfer-rules.ts";
import type { TransferContext } from "./transfer-context.ts";
import { type OpenExports, closeTicket } from "./transfer-tickets.ts";

const newTransfer = (engine: Engine, actor: Actor, request: TransferRequest): Transfer => {
  const source = checkTransfer(engine, request);
  const disk = engine.world.disks.get(source.diskId);
  const format = request.format ?? (source.kind === "backup" ? "raw" : (disk?.format ?? "raw"));
  if (format === "cow") throw refused("Cannot transfer Virtual Disk. This simulator serves the raw format only.");
  const host = chooseHost(engine, source, request.hostId);
  return {
    id: newUuid(engine.random),
    source,
    direction: request.direction,
    format,
    shallow: request.shallow,
    inactivityTimeoutS: request.inactivityTimeoutS,
    timeoutPolicy: request.timeoutPolicy,
    createdMs: engine.clock.nowMs(),
    madeBy: actor.login,
    hostId: host?.id ?? "",
    phase: "initializing",
    transferredBytes: 0,
    active: false,
    ...(actor.correlationId === undefined ? {} : { correlationId: actor.correlationId }),
  };
};

const isEnding = (transfer: Transfer): boolean =>
  transfer.phase.startsWith("finalizing") || transfer.phase.startsWith("cancelled");

/** Image transfers of one engine. Actions on an id that is unknown or over do nothing, as on the engine. */
export class Transfers {
  readonly #engine: Engine;
  readonly #exports: OpenExports = new Map();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Takes a transfer; the row is `initializing` until its ticket is there. */
  create(actor: Actor, request: TransferRequest): Transfer {
    const transfer = newTransfer(this.#engine, actor, request);
    this.#engine.world.transfers.set(transfer.id, transfer);
    noteEvent(this.#engine, actor, {
      code: eventCodes.transferInitiated,
      description: `Image ${transfer.direction} with disk ${transfer.source.diskId} was initiated by ${actor.login}.`,
      diskId: transfer.source.diskId,
    });
    this.#engine.save();
    this.#start(actor, transfer);
    return transfer;
  }

  /** Pauses an upload; its ticket goes. */
  async pause(id: string): Promise<void> {
    const transfer = this.#open(id);
    if (transfer === undefined || isEnding(transfer)) return;
    if (transfer.direction === "download") {
      throw refused("Cannot pause image download. Pausing is supported for uploads only.");
    }
    transfer.phase = "paused_user";
    await closeTicket(this.#engine, this.#exports, transfer);
    this.#engine.save();
  }

  /** Gives a paused upload a new ticket. */
  resume(actor: Actor, id: string): void {
    const transfer = this.#open(id);
    if (transfer === undefined) return;
    if (!transfer.phase.startsWith("paused")) {
      throw conflict("Cannot resume image transfer as it's not in a paused state.");
    }
    transfer.phase = "resuming";
    this.#engine.save();
    this.#start(actor, transfer);
  }

  /** Ends a transfer for nothing; an upload's disk is removed. */
  cancel(actor: Actor, id: string): void {
    this.#end(actor, id, "cancelled_user");
  }

  /** Ends a transfer that did its work. */
  finalize(actor: Actor, id: string): void {
    this.#end(actor, id, "finalizing_success");
  }

  /** The host is gone: its downloads are cancelled, its uploads paused. */
  async loseHost(hostId: string): Promise<void> {
    for (const transfer of this.#engine.world.transfers.values()) {
      if (transfer.hostId !== hostId || !isTransferOpen(transfer) || isEnding(transfer)) continue;
      await stopBySystem(this.#context({ login: transfer.madeBy }), transfer);
    }
  }

  /** After a restart: transfers of before have lost their tickets and fail. */
  async failAll(): Promise<void> {
    for (const transfer of this.#engine.world.transfers.values()) {
      if (!isTransferOpen(transfer)) continue;
      delete transfer.ticketId;
      transfer.phase = "cancelled_system";
      await endTransfer(this.#context({ login: transfer.madeBy }), transfer);
    }
  }

  #open(id: string): Transfer | undefined {
    const transfer = this.#engine.world.transfers.get(id);
    return transfer !== undefined && isTransferOpen(transfer) ? transfer : undefined;
  }

  #context(actor: Actor): TransferContext {
    return { engine: this.#engine, exports: this.#exports, actor };
  }

  #start(actor: Actor, transfer: Transfer): void {
    this.#engine.background.run("transfer", () => runTransfer(this.#context(actor), transfer));
  }

  #end(actor: Actor, id: string, phase: "finalizing_success" | "cancelled_user"): void {
    const transfer = this.#open(id);
    if (transfer === undefined || isEnding(transfer)) return;
    transfer.phase = phase;
    this.#engine.save();
    this.#engine.background.run("end transfer", () => endTransfer(this.#context(actor), transfer));
  }
}
