import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { idAt, idCount, isZeroId, toHex } from "@holdfast/shared/format/content-id";
import type { Page } from "@holdfast/shared/format/page";
import type { RecordKind } from "@holdfast/shared/format/record-header";
import type { RepositoryStore } from "../store/repository-store.ts";
import { dependOn } from "./dependencies.ts";
import type { Upload } from "./upload.ts";

/**
 * Which of these ids the upload has to send, in the order asked (S1). What lies in a pack that is not durable yet counts as
 * known, and the upload depends on that pack from now on. The zero id is always known.
 */
export const findUnknown = async (
  store: RepositoryStore,
  upload: Upload,
  kind: RecordKind,
  ids: Uint8Array,
): Promise<boolean[]> => {
  const asked = Array.from({ length: idCount(ids) }, (_, index) => index).filter(
    (index) => !isZeroId(idAt(ids, index)),
  );
  const wanted = Buffer.concat(asked.map((index) => idAt(ids, index)));
  const { states, pending } = await store.find(kind, wanted, upload.uses.packs);
  await dependOn(store, upload, pending);
  const unknown = Array.from({ length: idCount(ids) }, () => false);
  for (const [at, index] of asked.entries()) unknown[index] = states[at] === "absent";
  return unknown;
};

/** Closure (S7): CHUNK_MISSING unless everything that the page lists is known to this upload. */
export const requireListed = async (store: RepositoryStore, upload: Upload, page: Page): Promise<void> => {
  const kind = page.level === 0 ? "chunk" : "page";
  const unknown = await findUnknown(store, upload, kind, page.ids);
  const slot = unknown.indexOf(true);
  if (slot < 0) return;
  throw new HoldfastError("CHUNK_MISSING", `a page of level ${page.level} lists an unknown ${kind}`, {
    details: { slot, id: toHex(idAt(page.ids, slot)) },
  });
};
