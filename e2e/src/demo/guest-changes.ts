import { openNbd } from "@holdfast/shared/nbd/connection";
import { createDice } from "../harness/seed.ts";
import type { ControlClient } from "../simulator/control/control-client.ts";

const MiB = 1024 * 1024;

/** What the guest did to one disk, in bytes. */
export interface GuestChanges {
  readonly writtenBytes: number;
  readonly zeroedBytes: number;
  readonly discardedBytes: number;
}

/** The guest of a running VM writes here and there on every disk, zeroes a part and discards another. */
export const changeDisks = async (control: ControlClient, vmId: string, seed: number): Promise<GuestChanges> => {
  const dice = createDice(seed);
  const done = { writtenBytes: 0, zeroedBytes: 0, discardedBytes: 0 };
  for (const disk of await control.guestDisks(vmId)) {
    await using guest = await openNbd(disk);
    const place = (): number => dice.below(Math.floor(guest.sizeBytes / MiB) - 4) * MiB;
    for (let count = 0; count < 6; count += 1) {
      const bytes = Buffer.alloc(MiB / 2, `guest ${dice.below(1_000_000)} `);
      await guest.write(bytes, place());
      done.writtenBytes += bytes.byteLength;
    }
    await guest.writeZeroes(place(), 2 * MiB);
    await guest.trim(place(), 2 * MiB);
    await guest.flush();
    done.zeroedBytes += 2 * MiB;
    done.discardedBytes += 2 * MiB;
  }
  return done;
};
