import { idSize, zeroId } from "../format/content-id.ts";
import { leafCapacity } from "../format/page.ts";
import type { ReadLeavesRequest, RepositoryService } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import type { ServiceClient } from "../rpc/client-types.ts";

type Calls = Pick<ServiceClient<typeof RepositoryService>, "readLeaves">;

/** A leaf page as it stands in the repository. */
export interface StoredLeaf {
  readonly pageId: Uint8Array;
  /** 32 bytes each; as many as the leaf lists, zero ids for a page of zeros. */
  readonly chunkIds: Uint8Array;
}

/** Leaves of one question; 1 MiB of ids at most. */
const leavesAtOnce = 32;

/** What is listed past the end, and all that is needed of a page of zeros. */
const zeroLeaf: StoredLeaf = { pageId: zeroId, chunkIds: new Uint8Array(leafCapacity * idSize) };

/** The leaves of one disk, read when they are needed, in blocks of which one is held. */
export class LeafSource {
  readonly #calls: Calls;
  readonly #holder: ReadLeavesRequest["holder"];
  readonly #diskId: string;
  readonly #block = new Map<number, StoredLeaf>();
  #blockFirst = -1;

  constructor(calls: Calls, holder: ReadLeavesRequest["holder"], diskId: string) {
    this.#calls = calls;
    this.#holder = holder;
    this.#diskId = diskId;
  }

  /** The leaf of that number; one of zeros past the end of the disk. */
  async at(leaf: number, signal: AbortSignal): Promise<StoredLeaf> {
    const first = leaf - (leaf % leavesAtOnce);
    if (first !== this.#blockFirst) await this.#load(first, signal);
    return this.#block.get(leaf) ?? zeroLeaf;
  }

  async #load(first: number, signal: AbortSignal): Promise<void> {
    this.#blockFirst = -1;
    this.#block.clear();
    const question = { holder: this.#holder, diskId: this.#diskId, firstLeaf: first, count: leavesAtOnce };
    for await (const { leaf, pageId, chunkIds } of this.#calls.readLeaves(question, { signal })) {
      this.#block.set(leaf, chunkIds.byteLength === 0 ? zeroLeaf : { pageId, chunkIds });
    }
    this.#blockFirst = first;
  }
}
