import { createHash } from "node:crypto";
import { isZero } from "@holdfast/shared/format/chunk-id";
import type { Extent } from "../disks/extent.ts";

const block = 64 * 1024;

/** Content that does not compress and repeats nowhere. */
export const fillBlock = (disk: Buffer, at: number, seed: string): void => {
  const outputLength = Math.min(block, disk.byteLength - at);
  createHash("shake128", { outputLength }).update(`${seed}/${at}`).digest().copy(disk, at);
};

/** Which blocks of a disk are zero, as a `zero` context tells it. */
export const zeroExtents = (disk: Buffer): Extent[] => merge(disk, (piece) => ({ zero: isZero(piece), dirty: false }));

/** Which blocks differ from before, as a `dirty` context tells it. */
export const dirtyExtents = (disk: Buffer, before: Buffer): Extent[] =>
  merge(disk, (piece, at) => {
    const dirty = !piece.equals(before.subarray(at, at + piece.byteLength));
    return { dirty, zero: dirty && isZero(piece) };
  });

const merge = (disk: Buffer, flagsOf: (piece: Buffer, at: number) => Pick<Extent, "zero" | "dirty">): Extent[] => {
  const extents: { start: number; length: number; zero: boolean; dirty: boolean }[] = [];
  for (let at = 0; at < disk.byteLength; at += block) {
    const piece = disk.subarray(at, at + block);
    const flags = flagsOf(piece, at);
    const last = extents.at(-1);
    if (last !== undefined && last.zero === flags.zero && last.dirty === flags.dirty) last.length += piece.byteLength;
    else extents.push({ start: at, length: piece.byteLength, ...flags });
  }
  return extents;
};
