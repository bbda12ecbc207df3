import type { ReadLeavesRequest } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { CatalogPoint, DiskTree } from "../catalog/catalog-point.ts";
import { zeroId } from "@holdfast/shared/format/content-id";
import { leafCapacity } from "@holdfast/shared/format/page";
import { pageLength } from "@holdfast/shared/format/page-tree";
import { type DiskRange, nameAll } from "../catalog/disk-range.ts";
import { eachLeaf } from "../catalog/leaves.ts";
import { type PageSource, type WalkedLeaf, walkLeaves } from "../store/page-walk.ts";
import type { TaskPermission } from "./authorize.ts";
import type { ServiceDeps } from "./deps.ts";
import type { Calls } from "./types.ts";

/** Leaves in one call (R7). */
const mostLeaves = 4096;

/** Leaf pages of an upload's base or a reading's point, and of nothing else (D2). */
export const readLeaves = (deps: ServiceDeps): Calls["readLeaves"] =>
  async function* (request, context) {
    const { firstLeaf, count, idsOnly } = request;
    if (count > mostLeaves) throw new HoldfastError("INVALID_ARGUMENT", `${count} leaves are more than ${mostLeaves}`);
    const holder = holderOf(deps, request, deps.authorizer.permissionOf(context));
    const signal = AbortSignal.any([context.signal, holder.signal]);
    const tree = treeOf(holder.point, request.diskId);
    const found = { tree, span: { first: firstLeaf, end: firstLeaf + count }, idsOnly };
    for await (const leaf of leavesOf(
      deps,
      found,
      holder.heal.filter(({ diskId }) => diskId === request.diskId),
    )) {
      signal.throwIfAborted();
      holder.touch();
      yield { leaf: leaf.leaf, pageId: leaf.pageId, chunkIds: leaf.chunkIds ?? new Uint8Array() };
    }
  };

interface WantedLeaves {
  readonly tree: DiskTree;
  readonly span: { readonly first: number; readonly end: number };
  readonly idsOnly: boolean;
}

/** Leaves as they are. One that cannot be read is given as one of zeros to whoever was told to read all of it again. */
async function* leavesOf(
  { store }: ServiceDeps,
  { tree, span, idsOnly }: WantedLeaves,
  heal: readonly DiskRange[],
): AsyncGenerator<WalkedLeaf> {
  const { first: firstLeaf, end } = span;
  const readPage: PageSource = (id) => store.readPage(id);
  if (heal.length === 0) {
    yield* walkLeaves({ ...tree, firstLeaf, count: end - firstLeaf, idsOnly }, readPage);
    return;
  }
  for await (const found of eachLeaf(tree, store, span)) {
    if ("damage" in found && !isToBeRead(tree, found.leaf, heal))
      throw new HoldfastError(found.damage, `leaf ${found.leaf} cannot be read, and nobody was told to heal it`);
    if ("damage" in found) yield { leaf: found.leaf, pageId: zeroId, chunkIds: undefined };
    else yield idsOnly ? { ...found, chunkIds: undefined } : found;
  }
}

/** True when all positions of a leaf are to be read again; `heal` is of its disk. */
const isToBeRead = ({ shape }: DiskTree, leaf: number, heal: readonly DiskRange[]): boolean => {
  const [{ diskId } = { diskId: "" }] = heal;
  return nameAll(heal, { diskId, firstPosition: leaf * leafCapacity, count: pageLength(shape, 0, leaf) });
};

interface Holder {
  readonly signal: AbortSignal;
  readonly point: CatalogPoint | undefined;
  /** What an upload was told to read again. */
  readonly heal: readonly DiskRange[];
  readonly touch: () => void;
}

const holderOf = (
  { uploads, readings }: ServiceDeps,
  { holder }: ReadLeavesRequest,
  permission: TaskPermission,
): Holder => {
  if (holder.case === "uploadId") {
    const upload = uploads.require(holder.value, permission);
    return {
      signal: upload.signal,
      point: upload.terms.base,
      heal: upload.heal,
      touch: () => {
        upload.touch();
      },
    };
  }
  if (holder.case !== "readingId")
    throw new HoldfastError("INVALID_ARGUMENT", "neither an upload nor a reading is named");
  const reading = readings.require(holder.value, permission);
  return {
    signal: reading.signal,
    point: reading.point,
    heal: [],
    touch: () => {
      reading.touch();
    },
  };
};

/** The tree of a disk of a point; NOT_FOUND when there is none. */
export const treeOf = (point: CatalogPoint | undefined, diskId: string): DiskTree => {
  const tree = point?.disks.find((disk) => disk.diskId === diskId)?.tree;
  if (!tree) throw new HoldfastError("NOT_FOUND", `the point has no content of disk ${diskId}`);
  return tree;
};
