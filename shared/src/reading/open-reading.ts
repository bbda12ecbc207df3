import type {
  BaseDisk,
  OpenReadingResponse,
  RepositoryService,
} from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { HoldfastError } from "../errors/holdfast-error.ts";
import { type ChunkSize, parseChunkSize } from "../format/chunk-size.ts";
import type { ServiceClient } from "../rpc/client-types.ts";
import { holdStream } from "../rpc/hold-stream.ts";

/** A point that is held for reading. Disposing it ends the reading. */
export interface Reading extends AsyncDisposable {
  readonly readingId: string;
  readonly chunkSize: ChunkSize;
  /** The point's disks with their roots. */
  readonly disks: readonly BaseDisk[];
  /** Aborts when the repository ended the reading, with its reason. */
  readonly ended: AbortSignal;
}

/** Opens a point and holds it. POINT_NOT_FOUND when there is none, or it is marked deleted. */
export const openReading = async (
  calls: Pick<ServiceClient<typeof RepositoryService>, "openReading">,
  pointId: string,
  signal: AbortSignal,
): Promise<Reading> => {
  const { first, held } = await holdStream<OpenReadingResponse>(
    (held) => calls.openReading({ pointId }, { signal: held }),
    signal,
  );
  if (first === undefined)
    throw new HoldfastError("STREAM_REFUSED", `the repository opened no reading of point ${pointId}`);
  const { readingId, chunkSize, disks } = first;
  return { readingId, chunkSize: parseChunkSize(chunkSize), disks, ...held };
};
