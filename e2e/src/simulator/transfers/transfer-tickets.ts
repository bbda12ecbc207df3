import { spaceOf } from "../domains/domain-space.ts";
import type { Engine } from "../engine/engine.ts";
import { newUuid } from "../engine/new-uuid.ts";
import type { ImageioDaemon } from "../imageio/tickets.ts";
import type { Transfer } from "../model/transfer.ts";
import type { TransferUrls } from "../rendering/resources/transfer.ts";
import type { VolumeExport } from "../storage/block-layer.ts";

/** Ticket life that each operation renews, as the engine sets it. */
export const ticketTimeoutS = 300;

/** Open NBD exports by transfer: they live as long as the transfer's ticket. */
export type OpenExports = Map<string, VolumeExport>;

const exportOf = async (engine: Engine, transfer: Transfer): Promise<VolumeExport> => {
  const { source } = transfer;
  if (source.kind === "backup") return engine.storage.openCaptureExport(source.backupId, source.diskId);
  const disk = engine.world.disks.get(source.diskId);
  const volumeId = source.kind === "snapshot" ? source.imageId : (disk?.imageId ?? source.diskId);
  return engine.storage.openVolumeExport(
    volumeId,
    transfer.direction === "upload" ? { mode: "write" } : { mode: "read", shallow: transfer.shallow },
  );
};

const daemonOf = (engine: Engine, transfer: Transfer): ImageioDaemon => {
  const daemon = engine.imageio.hosts.get(transfer.hostId);
  if (daemon === undefined) throw new TypeError(`host ${transfer.hostId} has no imageio daemon`);
  return daemon;
};

const originOf = (engine: Engine, transfer: Transfer): string => {
  const address = engine.world.hosts.get(transfer.hostId)?.address ?? "127.0.0.1";
  return `https://${address}:${daemonOf(engine, transfer).port}`;
};

const storageOf = ({ world }: Engine, diskId: string): "well" | "full" | "gone" => {
  const domain = world.storageDomains.get(world.disks.get(diskId)?.storageDomainId ?? "");
  if (domain === undefined) return "well";
  if (domain.status === "inactive") return "gone";
  return spaceOf(world, domain).availableBytes === 0 ? "full" : "well";
};

/** Opens the export, gives the host a ticket for it, and the proxy one that leads to the host. */
export const openTicket = async (engine: Engine, exports: OpenExports, transfer: Transfer): Promise<void> => {
  const opened = await exportOf(engine, transfer);
  exports.set(transfer.id, opened);
  const id = newUuid(engine.random);
  const common = {
    id,
    transferId: transfer.id,
    sizeBytes: opened.sizeBytes,
    operation: transfer.direction === "upload" ? ("write" as const) : ("read" as const),
    timeoutSeconds: ticketTimeoutS,
    inactivityTimeoutSeconds: transfer.inactivityTimeoutS,
    dirty: opened.bitmap !== undefined,
    filename: engine.world.disks.get(transfer.source.diskId)?.alias ?? transfer.source.diskId,
  };
  daemonOf(engine, transfer).tickets.add({
    ...common,
    target: { kind: "nbd", address: opened.address },
    storage: () => storageOf(engine, transfer.source.diskId),
    onRead: (range) => {
      for (const observe of engine.hooks.readObservers) observe(transfer.source.diskId, range);
    },
  });
  engine.imageio.proxy?.tickets.add({ ...common, target: { kind: "http", origin: originOf(engine, transfer) } });
  transfer.ticketId = id;
  const { source, correlationId } = transfer;
  engine.ledger.set(id, {
    hostId: transfer.hostId,
    transferId: transfer.id,
    diskId: source.diskId,
    direction: transfer.direction,
    ...(source.kind === "backup" ? { backupId: source.backupId } : {}),
    ...(correlationId === undefined ? {} : { correlationId }),
  });
};

/** Takes the tickets away and closes the export; whatever of it is not there is fine. */
export const closeTicket = async (engine: Engine, exports: OpenExports, transfer: Transfer): Promise<void> => {
  const { ticketId } = transfer;
  if (ticketId !== undefined) {
    const daemon = daemonOf(engine, transfer);
    transfer.transferredBytes = daemon.tickets.status(ticketId)?.transferredBytes ?? transfer.transferredBytes;
    await engine.imageio.proxy?.tickets.remove(ticketId);
    await daemon.tickets.remove(ticketId);
    delete transfer.ticketId;
  }
  transfer.active = false;
  const opened = exports.get(transfer.id);
  exports.delete(transfer.id);
  await opened?.[Symbol.asyncDispose]();
};

/** The addresses of a transfer that has a ticket; without a proxy both are the host's. */
export const urlsOf = (engine: Engine, transfer: Transfer): TransferUrls | undefined => {
  if (transfer.ticketId === undefined) return undefined;
  const path = `/images/${transfer.ticketId}`;
  const transferUrl = `${originOf(engine, transfer)}${path}`;
  const { proxy } = engine.imageio;
  return { transferUrl, proxyUrl: proxy === undefined ? transferUrl : `https://127.0.0.1:${proxy.port}${path}` };
};
