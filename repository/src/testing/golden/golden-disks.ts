import { createHash } from "node:crypto";
import { chunkIdOf } from "@holdfast/shared/format/chunk-id";
import type { ChunkSize } from "@holdfast/shared/format/chunk-size";
import { fixedBytes } from "./fixed.ts";

/** The one chunk size of golden repositories: the smallest, though what is stored of a chunk is a few KiB. */
export const goldenChunkSize: ChunkSize = 256 * 1024;

/** The first bytes of a chunk; what follows up to the chunk size is zeros. `undefined` is a chunk of zeros. */
export type GoldenChunk = Uint8Array | undefined;

/** A disk as a golden repository has it. */
export interface GoldenDisk {
  readonly diskId: string;
  readonly sizeBytes: number;
  readonly chunks: readonly GoldenChunk[];
}

/** Text that compresses well. */
const prose = (topic: string): Uint8Array =>
  Buffer.from(Array.from({ length: 40 }, (_, line) => `${topic}, line ${line}: nothing new\n`).join(""));

/** Named chunks, so that damage can be done to one of them. */
export const goldenChunks = {
  /** Used by both VMs. */
  shared: prose("what both machines hold"),
  boot: prose("a boot loader"),
  data: prose("data of the first day"),
  changed: prose("data of the second day"),
  /** Does not compress: stored as it is. */
  noise: fixedBytes("noise", 1500),
  tail: prose("the end of a disk that is no multiple of a chunk"),
  far: prose("a chunk behind the first leaf"),
} as const;

const { shared, boot, data, changed, noise, tail, far } = goldenChunks;
const zeros = (count: number): undefined[] => Array.from({ length: count }, () => undefined);

/** The disks of each point, by point. */
export const goldenDisks: Readonly<Record<string, readonly GoldenDisk[]>> = {
  a1: [
    { diskId: "system", sizeBytes: 4 * goldenChunkSize, chunks: [boot, undefined, shared, data] },
    { diskId: "scratch", sizeBytes: goldenChunkSize + 4096, chunks: [noise, tail] },
  ],
  // One chunk changed, one disk grown over the end of its first leaf.
  a2: [
    { diskId: "system", sizeBytes: 4 * goldenChunkSize, chunks: [boot, undefined, shared, changed] },
    { diskId: "scratch", sizeBytes: 1030 * goldenChunkSize, chunks: [noise, tail, ...zeros(1026), far, undefined] },
  ],
  b1: [
    { diskId: "root", sizeBytes: 2 * goldenChunkSize, chunks: [shared, noise] },
    { diskId: "empty", sizeBytes: 8 * goldenChunkSize, chunks: zeros(8) },
    { diskId: "none", sizeBytes: 0, chunks: [] },
  ],
  removed: [{ diskId: "root", sizeBytes: goldenChunkSize, chunks: [boot] }],
  orphan: [{ diskId: "root", sizeBytes: goldenChunkSize, chunks: [data] }],
};

/** SHA-256 of all bytes of a disk. */
export const diskDigest = ({ chunks, sizeBytes }: GoldenDisk): string => {
  const hash = createHash("sha256");
  chunks.forEach((chunk, position) => {
    const length = Math.min(goldenChunkSize, sizeBytes - position * goldenChunkSize);
    hash.update(Buffer.concat([chunk ?? new Uint8Array()], length));
  });
  return hash.digest("hex");
};

/** The id under which a named chunk is stored; keyed in the sealed repository. */
export const goldenChunkId = (name: keyof typeof goldenChunks, idKey?: Uint8Array): Uint8Array =>
  chunkIdOf(goldenChunks[name], goldenChunkSize, idKey);
