import * as z from "zod";

const bytes = (value: number) => z.coerce.number().int().nonnegative().default(value);
const percent = (value: number) => z.coerce.number().min(0).max(100).default(value);

const gib = 2 ** 30;

/** How much free space the storage domains of a VM must have for a backup of it; `docs/operations/headroom.md` explains the numbers. */
export const headroomPolicySchema = z.strictObject({
  /** Of a disk's size, on file storage, where a scratch disk or layer grows by what is written. */
  filePercent: percent(10),
  /** Of a disk's size, on block storage, where the engine makes a scratch disk of a fifth of the disk at once. */
  blockPercent: percent(20),
  /** The least for a disk on block storage: what the engine makes at once. */
  blockMinBytes: bytes(4 * gib),
  /** Above the critical space: so much must stay free while a backup runs, or it is ended. */
  marginBytes: bytes(gib),
  /** How often the domains of running backups are looked at, in milliseconds. */
  everyMs: z.coerce.number().int().positive().default(10_000),
});

/** How much free space the storage domains of a VM must have for a backup of it. */
export type HeadroomPolicy = z.output<typeof headroomPolicySchema>;
