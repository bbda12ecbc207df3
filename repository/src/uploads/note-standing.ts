import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { equalBytes, toHex } from "@holdfast/shared/format/content-id";
import type { CheckedRecord } from "../ingest/checked-record.ts";
import type { Appended, RepositoryStore } from "../store/repository-store.ts";
import type { Upload } from "./upload.ts";

/**
 * What follows from an appended record for who may rely on it, in an encrypted repository (X6). A page that was there is compared
 * with the one that was sent: RECORD_REJECTED when two writers mean different things by one id.
 */
export const noteStanding = async (
  store: RepositoryStore,
  upload: Upload,
  { record, appended }: { readonly record: CheckedRecord; readonly appended: Appended },
): Promise<void> => {
  const { sharing } = store;
  if (!sharing) return;
  const { id } = record.header;
  if (appended.outcome === "stored") {
    await sharing.stored(id, upload.terms);
    return;
  }
  if (!record.page) return;
  if (appended.pending) await store.settle([appended.pending], upload.signal);
  const { level, ids } = await store.readPage(id);
  if (level !== record.page.level || !equalBytes(ids, record.page.ids))
    throw new HoldfastError(
      "RECORD_REJECTED",
      `page ${toHex(id)} is there with other content: one of its writers lies`,
    );
  await sharing.compared(id, upload.terms);
};
