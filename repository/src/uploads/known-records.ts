import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { idAt, idCount, isZeroId, toHex } from "@holdfast/shared/format/content-id";
import type { Page } from "@holdfast/shared/format/page";
import type { RecordKind } from "@holdfast/shared/format/record-header";
import { standForBase } from "../sharing/stand-for-base.ts";
import type { RepositoryStore } from "../store/repository-store.ts";
import { dependOn } from "./dependencies.ts";
import type { Upload } from "./upload.ts";

/**
 * How an id stands to an upload: `missing` = to be sent; `unchecked` = a chunk is there that its VM may not rely on before the writer
 * compared it (encrypted repositories).
 */
export type IdStanding = "known" | "missing" | "unchecked";

/**
 * How these ids stand to the upload, in the order asked (S1, X6). What lies in a pack that is not durable yet counts as there, and the
 * upload depends on that pack from now on. The zero id is always known.
 */
export const findStandings = async (
  store: RepositoryStore,
  upload: Upload,
  kind: RecordKind,
  ids: Uint8Array,
): Promise<readonly IdStanding[]> => {
  const asked = Array.from({ length: idCount(ids) }, (_, index) => index).filter(
    (index) => !isZeroId(idAt(ids, index)),
  );
  const wanted = Buffer.concat(asked.map((index) => idAt(ids, index)));
  const { states, pending } = await store.find(kind, wanted, upload.uses.packs);
  await dependOn(store, upload, pending);
  const usable = await store.sharing?.isUsable(wanted, upload.terms.vm);
  const standings = Array.from({ length: idCount(ids) }, (): IdStanding => "known");
  for (const [at, index] of asked.entries()) {
    if (states[at] === "absent") standings[index] = "missing";
    // A page is sent all the same: it is not sealed, so that the server can compare it by itself.
    else if (usable?.[at] === false) standings[index] = kind === "page" ? "missing" : "unchecked";
  }
  return standings;
};

/** Closure (S7): CHUNK_MISSING unless everything that the page lists is known to this upload. */
export const requireListed = async (store: RepositoryStore, upload: Upload, page: Page): Promise<void> => {
  const kind = page.level === 0 ? "chunk" : "page";
  let standings = await findStandings(store, upload, kind, page.ids);
  if (store.sharing && upload.terms.base && standings.some((standing) => standing !== "known")) {
    await standForBase(store, store.sharing, upload);
    standings = await findStandings(store, upload, kind, page.ids);
  }
  const slot = standings.findIndex((standing) => standing !== "known");
  if (slot < 0) return;
  throw new HoldfastError("CHUNK_MISSING", `a page of level ${page.level} lists an unknown ${kind}`, {
    details: { slot, id: toHex(idAt(page.ids, slot)) },
  });
};
