import { z } from "zod";

import { milliseconds } from "../config/quantities.ts";

/** Body of `POST /vms/:vm/settings`. */
export const settingsSchema = z.strictObject({
  guestAgent: z.boolean().optional(),
  previewing: z.boolean().optional(),
  description: z.string().optional(),
});

/** Body of `POST /vms/:vm/snapshots`: a user's snapshot. */
export const userSnapshotSchema = z.strictObject({ description: z.string().min(1) });

/** Body of `POST /vms/:vm/writers`. */
export const writerSchema = z.strictObject({
  seed: z.number().int(),
  pauseMs: z.number().int().nonnegative().default(5),
  diskId: z.string().optional(),
  maxLengthBytes: z.number().int().positive().optional(),
});

/** Body of what copies disks into a directory. */
export const directorySchema = z.strictObject({ directory: z.string().min(1) });

/** Body of `POST /disks/:disk/copy`. */
export const fileSchema = z.strictObject({ path: z.string().min(1) });

/** Body of `POST /disks/:disk/grow`. */
export const growSchema = z.strictObject({ sizeBytes: z.number().int().positive() });

/** Body of `POST /disks/:disk/convert`. */
export const formatSchema = z.strictObject({ format: z.enum(["cow", "raw"]) });

/** Body of `POST /vms/:vm/checkpoints/:checkpoint/spoil`. */
export const damageSchema = z.strictObject({ damage: z.enum(["missing", "inconsistent", "forgetful", "invalid"]) });

/** Body of `POST /accounts/unlock`. */
export const loginSchema = z.strictObject({ login: z.string().min(1) });

/** Body of `POST /accounts/password`. */
export const passwordSchema = z.strictObject({ login: z.string().min(1), password: z.string().min(1) });

/** Body of `POST /imageio-faults`: hits every ticket, or those of one disk. */
export const imageioFaultSchema = z.strictObject({
  diskId: z.string().optional(),
  fault: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.enum(["fail-reads", "fail-writes"]), count: z.number().int().positive() }),
    z.strictObject({ kind: z.literal("cut"), afterBytes: z.number().int().nonnegative() }),
    z.strictObject({ kind: z.literal("delay"), ms: z.number().int().nonnegative() }),
  ]),
});

/** Body of `POST /delays`: those that change. */
export const someDelaysSchema = z.strictObject({
  phaseMs: milliseconds.optional(),
  taskMs: milliseconds.optional(),
  vmMs: milliseconds.optional(),
  bootTimeoutMs: milliseconds.optional(),
  shutdownTimeoutMs: milliseconds.optional(),
  pollMs: milliseconds.optional(),
});

/** Body of `POST /start-refusals`. */
export const startRefusalSchema = z.strictObject({
  /** Id or name of the VM, which need not exist yet. */
  vm: z.string().min(1),
  /** What the fault's detail says of the hosts. */
  reasons: z.array(z.string().min(1)).min(1),
  times: z.number().int().positive().default(1),
});

/** Body of `POST /ignore-shutdown`; the VM by id or name. */
export const ignoreShutdownSchema = z.strictObject({ vm: z.string().min(1), ignores: z.boolean().default(true) });

/** Body of `POST /hosts/:host/capacity`; null for no bound. */
export const capacitySchema = z.strictObject({ memoryBytes: z.number().int().nonnegative().nullable() });
