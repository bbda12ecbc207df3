import { idAt, idCount, isZeroId } from "@holdfast/shared/format/content-id";
import { rootLevel } from "@holdfast/shared/format/page-tree";
import type { DiskTree } from "../catalog/catalog-point.ts";
import type { PageSource } from "../store/page-walk.ts";
import type { RepositoryStore } from "../store/repository-store.ts";
import type { Upload } from "../uploads/upload.ts";
import type { Sharing } from "./sharing.ts";

/**
 * Notes that the upload's VM stands for everything of its base: after the index was lost nobody does, and an increment lists chunks
 * and pages of its base that it did not read. Once an upload.
 */
export const standForBase = async (store: RepositoryStore, sharing: Sharing, upload: Upload): Promise<void> => {
  if (upload.standsForBase) return;
  upload.standsForBase = true;
  const { base, vm } = upload.terms;
  for (const { tree } of base?.disks ?? []) {
    if (!tree) continue;
    for await (const ids of listedIds(tree, (id) => store.readPage(id))) {
      upload.signal.throwIfAborted();
      upload.touch();
      await sharing.usedBy(ids, vm);
    }
  }
};

/** The ids that a tree's pages list, the root first; those of a stretch of zeros are passed over. */
async function* listedIds({ root, shape }: DiskTree, readPage: PageSource): AsyncGenerator<Uint8Array> {
  if (isZeroId(root)) return;
  yield root;
  const pages = [{ id: root, level: rootLevel(shape) }];
  for (let page = pages.pop(); page !== undefined; page = pages.pop()) {
    const { ids } = await readPage(page.id);
    const listed = Array.from({ length: idCount(ids) }, (_, index) => idAt(ids, index)).filter((id) => !isZeroId(id));
    yield Buffer.concat(listed);
    if (page.level > 0) for (const id of listed) pages.push({ id, level: page.level - 1 });
  }
}
