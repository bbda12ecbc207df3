import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { idSize } from "@holdfast/shared/format/content-id";
import { encodePage, leafCapacity } from "@holdfast/shared/format/page";
import { buildTree, leafCount, treeShape } from "@holdfast/shared/format/page-tree";
import type { PageSender } from "../backup/page-sender.ts";

/** A stretch of positions of the target, and the ids that its lane is going to name. */
export interface CopiedRun {
  readonly first: number;
  readonly count: number;
  readonly ids: Promise<Uint8Array>;
}

interface OpenLeaf {
  readonly leaf: number;
  readonly ids: Uint8Array;
  readonly runs: Promise<void>[];
}

/** Leaves that may wait for their lanes, so that sparse leaves keep several lanes busy. */
const leavesAhead = 8;

/** Builds a disk's tree at the target from runs that come in order, none of which crosses a leaf. */
export class CopiedLeaves {
  readonly #chunks: number;
  readonly #pages: PageSender;
  readonly #idKey: Uint8Array | undefined;
  readonly #leafIds: Uint8Array;
  readonly #open: OpenLeaf[] = [];

  constructor(chunks: number, pages: PageSender, idKey: Uint8Array | undefined) {
    this.#chunks = chunks;
    this.#pages = pages;
    this.#idKey = idKey;
    this.#leafIds = new Uint8Array(leafCount(treeShape(chunks)) * idSize);
  }

  async add({ first, count, ids }: CopiedRun, signal: AbortSignal): Promise<void> {
    const { leaf, ids: all, runs } = await this.#at(Math.floor(first / leafCapacity), signal);
    const place = async (): Promise<void> => {
      const named = await ids;
      if (named.byteLength !== count * idSize)
        throw new HoldfastError("INTERNAL", `a lane named ${named.byteLength} bytes of ids for ${count} chunks`);
      all.set(named, (first - leaf * leafCapacity) * idSize);
    };
    const done = place();
    done.catch(() => undefined);
    runs.push(done);
  }

  /** Sends what is left of the tree; the disk's root. */
  async close(signal: AbortSignal): Promise<Uint8Array> {
    for (const open of this.#open.splice(0)) await this.#finish(open, signal);
    const { root, nodes } = buildTree(this.#leafIds, this.#idKey);
    for (const node of nodes) await this.#pages.add(node, signal);
    await this.#pages.flush(signal);
    return root;
  }

  async #at(leaf: number, signal: AbortSignal): Promise<OpenLeaf> {
    const last = this.#open.at(-1);
    if (last?.leaf === leaf) return last;
    const count = Math.min(leafCapacity, this.#chunks - leaf * leafCapacity);
    const open = { leaf, ids: new Uint8Array(count * idSize), runs: [] };
    this.#open.push(open);
    const oldest = this.#open.length > leavesAhead ? this.#open.shift() : undefined;
    if (oldest !== undefined) await this.#finish(oldest, signal);
    return open;
  }

  async #finish({ leaf, ids, runs }: OpenLeaf, signal: AbortSignal): Promise<void> {
    await Promise.all(runs);
    const page = encodePage({ level: 0, ids }, this.#idKey);
    this.#leafIds.set(page.id, leaf * idSize);
    await this.#pages.add(page, signal);
  }
}
