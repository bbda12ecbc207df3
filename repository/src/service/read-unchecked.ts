import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { idAt, idCount } from "@holdfast/shared/format/content-id";
import { maxPayloadBytes } from "@holdfast/shared/rpc/limits";
import { damageOf } from "../readings/disk-content.ts";
import type { Upload } from "../uploads/upload.ts";
import type { ServiceDeps } from "./deps.ts";
import { toIds } from "./requests.ts";
import type { Calls } from "./types.ts";

/** Chunks in one call. */
const mostChunks = 64;
/** A pack that is being filled is given that long to become full by itself before it is sealed for a reader. */
const patienceMs = 1_000;

/** Chunks as they are stored, for a writer that knows their ids from content of its own (X7). */
export const readUnchecked = (deps: ServiceDeps): Calls["readUnchecked"] =>
  async function* (request, context) {
    const { store, uploads, slots, authorizer } = deps;
    const upload = uploads.require(request.uploadId, authorizer.permissionOf(context));
    const ids = toIds(request.ids);
    if (idCount(ids) > mostChunks)
      throw new HoldfastError("INVALID_ARGUMENT", `${idCount(ids)} chunks are more than ${mostChunks}`);
    const signal = AbortSignal.any([context.signal, upload.signal]);
    using _slot = await slots.take(signal, () => undefined);
    await untilDurable(deps, upload, ids);
    for (let index = 0; index < idCount(ids); index += 1) {
      signal.throwIfAborted();
      upload.touch();
      const record = await store.readRecord("chunk", idAt(ids, index)).catch(undefinedWhenDamaged);
      if (record === undefined) continue;
      for (let offset = 0; offset < record.byteLength; offset += maxPayloadBytes) {
        const data = record.subarray(offset, offset + maxPayloadBytes);
        yield { index, piece: { data, last: offset + data.byteLength === record.byteLength } };
      }
    }
  };

const undefinedWhenDamaged = (caught: unknown): undefined => {
  if (damageOf(caught) === undefined) throw caught;
  return undefined;
};

const untilDurable = async ({ store, clock }: ServiceDeps, upload: Upload, ids: Uint8Array): Promise<void> => {
  const first = await store.find("chunk", ids, upload.uses.packs);
  if (first.pending.size === 0) return;
  await clock.sleep(patienceMs, upload.signal);
  const { pending } = await store.find("chunk", ids, upload.uses.packs);
  await store.settle(pending, upload.signal);
};
