import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { ChunkSize } from "@holdfast/shared/format/chunk-size";
import type { Statistics } from "@holdfast/shared/format/manifest-schema";
import type { PositionCounts } from "./position-counts.ts";

/** The five numbers of R8, in plain bytes of whole chunks. */
export type BalancedBytes = Pick<
  Statistics,
  "plannedBytes" | "zeroBytes" | "unchangedBytes" | "deduplicatedBytes" | "storedBytes"
>;

const names = ["plannedBytes", "zeroBytes", "unchangedBytes", "deduplicatedBytes", "storedBytes"] as const;

/**
 * The repository's own account (C6): positions from the trees, and the chunk records that the upload stored. What it stored
 * more than its trees can name makes `deduplicatedBytes` negative, which no manifest states.
 */
export const toBytes = (counts: PositionCounts, storedChunks: number, chunkSize: ChunkSize): BalancedBytes => ({
  plannedBytes: counts.planned * chunkSize,
  zeroBytes: counts.zero * chunkSize,
  unchangedBytes: counts.unchanged * chunkSize,
  deduplicatedBytes: (counts.fresh - storedChunks) * chunkSize,
  storedBytes: storedChunks * chunkSize,
});

/** Refuses with BYTES_UNBALANCED a writer's account that differs from the repository's (R8). */
export const checkBalance = (stated: BalancedBytes, counted: BalancedBytes): void => {
  if (names.every((name) => stated[name] === counted[name])) return;
  throw new HoldfastError(
    "BYTES_UNBALANCED",
    `the writer states ${inWords(stated)}; the repository counts ${inWords(counted)}`,
  );
};

const inWords = (bytes: BalancedBytes): string =>
  names.map((name) => `${name.replace("Bytes", "")} ${bytes[name]}`).join(", ");
