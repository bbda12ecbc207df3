import type { Compression } from "@holdfast/shared/format/codec";
import type { ChunkSize } from "@holdfast/shared/format/chunk-size";
import type { RepositoryId } from "@holdfast/shared/format/repository-id";
import type { SealingKeys } from "@holdfast/shared/format/repository-keys";
import type { DiskAccess } from "../disks/disk-access.ts";
import type { RepositoryAddress } from "../repository/repository-access.ts";

/** What a lane works for: one upload. */
export interface LaneStart {
  readonly repository: RepositoryAddress;
  readonly repositoryId: RepositoryId;
  readonly uploadId: string;
  readonly chunkSize: ChunkSize;
  readonly compression: Compression;
  /** Of an encrypted repository. */
  readonly keys: SealingKeys | undefined;
}

/** What a lane is asked to do. Positions count chunks of the open disk. */
export type LaneRequest =
  | { readonly kind: "open-disk"; readonly access: DiskAccess }
  | { readonly kind: "close-disk" }
  /** Read and name, store nothing. */
  | { readonly kind: "identify"; readonly first: number; readonly count: number }
  /** Read, name, and store what the repository has not got. Positions whose id is the one in `known` are not asked about. */
  | { readonly kind: "back-up"; readonly first: number; readonly count: number; readonly known: Uint8Array };

/** What a lane found and did. */
export interface LaneAnswer {
  /** Ids of the chunks that were read, 32 bytes each. */
  readonly ids: Uint8Array;
  /** Chunks that the repository kept. */
  readonly stored: number;
  /** Bytes that they take in packs. */
  readonly packedBytes: number;
}
