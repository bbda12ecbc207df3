import type { ChunkSize } from "@holdfast/shared/format/chunk-size";
import type { OpeningKeys } from "@holdfast/shared/format/repository-keys";
import type { ImageEndpoint } from "../imageio/image-endpoint.ts";
import type { RepositoryAddress } from "../repository/repository-access.ts";

/** What a restoring lane works for: one reading. */
export interface RestoreLaneStart {
  readonly repository: RepositoryAddress;
  readonly readingId: string;
  readonly chunkSize: ChunkSize;
  /** Of an encrypted repository. */
  readonly keys: OpeningKeys | undefined;
  /** Bytes of chunks that are written with one request to imageio, at most. */
  readonly writeBytes: number;
}

/** What a restoring lane is asked to do. */
export type RestoreLaneRequest =
  | {
      readonly kind: "open-disk";
      readonly diskId: string;
      readonly sizeBytes: number;
      readonly endpoint: ImageEndpoint;
    }
  | { readonly kind: "close-disk" }
  /** Write these positions; `ids` are what their chunks must be, 32 bytes each. */
  | { readonly kind: "restore"; readonly first: number; readonly count: number; readonly ids: Uint8Array };

/** Chunks that were written, and chunks of zeros that a new disk has by itself. */
export interface RestoreLaneAnswer {
  readonly written: number;
  readonly zero: number;
}
