import type { ReadLeavesRequest } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { CatalogPoint, DiskTree } from "../catalog/catalog-point.ts";
import { walkLeaves } from "../store/page-walk.ts";
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
    const range = { ...tree, firstLeaf, count, idsOnly };
    for await (const { leaf, pageId, chunkIds } of walkLeaves(range, (id) => deps.store.readPage(id))) {
      signal.throwIfAborted();
      holder.touch();
      yield { leaf, pageId, chunkIds: chunkIds ?? new Uint8Array() };
    }
  };

interface Holder {
  readonly signal: AbortSignal;
  readonly point: CatalogPoint | undefined;
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
