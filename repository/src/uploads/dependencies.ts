import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { PendingPack, RepositoryStore } from "../store/repository-store.ts";
import type { Upload } from "./upload.ts";

/** Packs that an upload may depend on before the oldest are awaited, so that a long upload does not remember them all. */
const mostDependencies = 64;

/** Notes that the upload needs these packs (C7). The oldest are settled when there are many; they were sealed long before. */
export const dependOn = async (store: RepositoryStore, upload: Upload, packs: Iterable<PendingPack>): Promise<void> => {
  for (const pack of packs) upload.dependsOn.add(pack);
  if (upload.dependsOn.size <= mostDependencies) return;
  const oldest = [...upload.dependsOn].slice(0, mostDependencies / 2);
  await settle(store, upload, oldest);
};

/** Waits until all packs that the upload needs are durable, sealing those still open. */
export const settleAll = (store: RepositoryStore, upload: Upload): Promise<void> =>
  settle(store, upload, [...upload.dependsOn]);

/** A pack that could not be made durable ends the upload: its records are absent again (U1). */
const settle = async (store: RepositoryStore, upload: Upload, packs: readonly PendingPack[]): Promise<void> => {
  try {
    await store.settle(packs, upload.signal);
  } catch (caught) {
    const reason = await whyNotDurable(store, caught);
    upload.end(reason);
    throw reason;
  }
  for (const pack of packs) upload.dependsOn.delete(pack);
};

/** A later owner removes what the former one left unfinished: then that is the reason, not the file that is gone. */
const whyNotDurable = async (store: RepositoryStore, caught: unknown): Promise<HoldfastError> => {
  try {
    await store.assertOwned();
    return HoldfastError.from(caught);
  } catch (lost) {
    return HoldfastError.from(lost);
  }
};
