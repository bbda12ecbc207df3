import { openNbd } from "@holdfast/shared/nbd/connection";
import { SeededRandom } from "../simulator/storage/seeded-random.ts";
import type { Lab } from "./lab.ts";
import { present } from "./operator.ts";

/** A place on a disk, in bytes. */
export interface Place {
  readonly offset: number;
  readonly length: number;
}

/** Writes random content of a seed to these places of a running VM's disk, as its guest. */
export const writeAsGuest = async (
  lab: Lab,
  disk: { readonly vmId: string; readonly diskId: string },
  places: readonly Place[],
  seed: number,
): Promise<void> => {
  const address = present((await lab.control.guestDisks(disk.vmId)).find(({ diskId }) => diskId === disk.diskId));
  await using guest = await openNbd(address);
  const random = new SeededRandom(seed);
  for (const { offset, length } of places) {
    const content = Buffer.alloc(length);
    random.fill(content);
    await guest.write(content, offset);
  }
};
