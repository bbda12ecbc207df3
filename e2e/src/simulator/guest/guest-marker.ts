import { openNbd } from "@holdfast/shared/nbd/connection";
import type { NbdAddress } from "@holdfast/shared/nbd/nbd-address";

import type { BlockLayer } from "../storage/block-layer.ts";

/** What a disk boots: a Holdfast agent, or nothing. */
export type GuestKind = "agent" | "none";

/** The first bytes of a disk that boots an agent. */
export const agentMarker = Buffer.from("HOLDFAST-LAB-GUEST agent\n");

const sectorBytes = 512;

const readSector = async (address: NbdAddress): Promise<Buffer> => {
  await using disk = await openNbd(address);
  const sector = Buffer.alloc(sectorBytes);
  await disk.read(sector, 0);
  return sector;
};

/** What the disk at this address boots, by its first bytes. */
export const readGuestKind = async (address: NbdAddress): Promise<GuestKind> => {
  const sector = await readSector(address);
  return sector.subarray(0, agentMarker.length).equals(agentMarker) ? "agent" : "none";
};

/** Marks the disk of a template as one that boots an agent. */
export const markBootDisk = async (storage: BlockLayer, volumeId: string): Promise<void> => {
  await using volume = await storage.openVolumeExport(volumeId, { mode: "write" });
  await using disk = await openNbd(volume.address);
  await disk.write(agentMarker, 0, { fua: true });
};
