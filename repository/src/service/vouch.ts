import { idAt } from "@holdfast/shared/format/content-id";
import type { ServiceDeps } from "./deps.ts";
import { toIds } from "./requests.ts";
import type { Calls } from "./types.ts";

/** A writer compared these chunks with their ids: its VM may rely on those that are still there (X8). */
export const vouch =
  ({ store, uploads, authorizer }: ServiceDeps): Calls["vouch"] =>
  async (request, context) => {
    const upload = uploads.require(request.uploadId, authorizer.permissionOf(context));
    const ids = toIds(request.ids);
    const { states } = await store.find("chunk", ids, upload.uses.packs);
    const present = states.flatMap((state, index) => (state === "absent" ? [] : [idAt(ids, index)]));
    await store.sharing?.compared(Buffer.concat(present), upload.terms);
    return {};
  };
