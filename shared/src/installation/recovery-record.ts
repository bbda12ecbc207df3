import { readFile } from "node:fs/promises";
import { z } from "zod";
import { HoldfastError } from "../errors/holdfast-error.ts";
import { writeFileDurably } from "../identity/durable-file.ts";
import { recoveryKeyBytes } from "../recovery/recovery-key.ts";

const recordSchema = z.object({
  v: z.literal(1),
  /** Number of the recovery kit, from 1; each later kit is the only one that opens later configurations. */
  kit: z.int().min(1),
  /** Public half of its key, base64. */
  publicKey: z.base64().refine((text) => Buffer.from(text, "base64").length === recoveryKeyBytes),
  madeMs: z.int(),
});

/** What a controller keeps of the recovery kit: enough to seal, and nothing that opens. */
export interface RecoveryRecord {
  readonly kit: number;
  readonly publicKey: Uint8Array;
  readonly madeMs: number;
}

/** The record as its file has it. */
export const encodeRecoveryRecord = ({ kit, publicKey, madeMs }: RecoveryRecord): string =>
  `${JSON.stringify({ v: 1, kit, publicKey: Buffer.from(publicKey).toString("base64"), madeMs })}\n`;

/** Reads the record of an installation; undefined when no kit was ever made. CONFIG_INVALID when it cannot be read. */
export const readRecoveryRecord = async (path: string): Promise<RecoveryRecord | undefined> => {
  try {
    const { kit, publicKey, madeMs } = recordSchema.parse(JSON.parse(await readFile(path, "utf8")));
    return { kit, publicKey: Buffer.from(publicKey, "base64"), madeMs };
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw new HoldfastError("CONFIG_INVALID", `the public recovery key cannot be read: ${path}`, {
      details: { path },
      cause,
    });
  }
};

/** Replaces the record, durably. */
export const writeRecoveryRecord = (path: string, record: RecoveryRecord): Promise<void> =>
  writeFileDurably(path, encodeRecoveryRecord(record), 0o600);
