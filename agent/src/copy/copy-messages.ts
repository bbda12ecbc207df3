import type { ChunkSize } from "@holdfast/shared/format/chunk-size";
import type { OpeningKeys } from "@holdfast/shared/format/repository-keys";
import type { RepositoryAddress } from "../repository/repository-access.ts";
import type { ChunkTarget } from "../repository/store-chunks.ts";

/** What a copying lane works for: a reading of the source, and an upload to the target. */
export interface CopyLaneStart {
  readonly source: RepositoryAddress;
  readonly target: RepositoryAddress;
  readonly from: CopySource;
  readonly to: ChunkTarget;
}

/** The reading that chunks come from. */
export interface CopySource {
  readonly readingId: string;
  readonly chunkSize: ChunkSize;
  /** Of an encrypted repository. */
  readonly keys: OpeningKeys | undefined;
}

/** A run of chunks of one disk of the source. */
export interface CopyRun {
  readonly diskId: string;
  readonly sizeBytes: number;
  readonly first: number;
  /** What the chunks must be, 32 bytes each. */
  readonly ids: Uint8Array;
}

/** What a copying lane is asked to do: nothing, so that it starts, or a run. */
export type CopyLaneRequest = { readonly kind: "start" } | ({ readonly kind: "copy" } & CopyRun);

/** What a lane found and did. */
export interface CopyLaneAnswer {
  /** Ids of the same bytes at the target, 32 bytes each. */
  readonly ids: Uint8Array;
  /** Bytes of whole chunks that were read from the source. */
  readonly readBytes: number;
  /** Chunks that the target kept. */
  readonly stored: number;
  /** Bytes that they take in packs. */
  readonly packedBytes: number;
}
