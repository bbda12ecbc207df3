import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { ChunkSize } from "@holdfast/shared/format/chunk-size";
import type { Manifest } from "@holdfast/shared/format/manifest";
import {
  type ClearDisk,
  type ClearPart,
  clearPartSchema,
  originSchema,
  type SealedPart,
  sealedPartSchema,
  type Statistics,
} from "@holdfast/shared/format/manifest-schema";
import { parseRepositoryId } from "@holdfast/shared/format/repository-id";
import type { CopyTask } from "./copy-task.ts";

/** The manifest of the point that is copied, in its two parts. */
export interface SourceManifest {
  readonly clear: ClearPart;
  readonly sealed: SealedPart;
}

/** The parts that the orders bring; INVALID_ARGUMENT when they are not what their schemas say. */
export const parseSourceManifest = ({ orders, attempt }: CopyTask): SourceManifest => {
  try {
    const clear = clearPartSchema.parse(JSON.parse(orders.clearPart));
    return { clear, sealed: sealedPartSchema.parse(JSON.parse(orders.sealedPart)) };
  } catch (cause) {
    throw new HoldfastError("INVALID_ARGUMENT", `the orders of attempt ${attempt.attemptId} bring no manifest`, {
      cause,
    });
  }
};

/** What became of the copy. */
export interface CopyOutcome {
  readonly chunkSize: ChunkSize;
  readonly disks: readonly ClearDisk[];
  readonly account: Statistics;
}

/** States the copy: what the source's point says, but what only this repository can say, and where it came from. */
export const buildCopiedManifest = (
  { attempt, orders }: CopyTask,
  { clear, sealed }: SourceManifest,
  { chunkSize, disks, account }: CopyOutcome,
): Manifest => ({
  repositoryId: parseRepositoryId(orders.target?.repositoryId ?? ""),
  clear: {
    ...clear,
    attempt: { ...attempt },
    basePointId: null,
    origin: originSchema.parse({ repositoryId: orders.originRepositoryId, pointId: orders.originPointId }),
    chunkSize,
    disks: [...disks],
    statistics: { ...account },
  },
  sealed,
});
