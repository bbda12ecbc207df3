import { parseKeyList } from "@holdfast/shared/keys/key-list";
import type { ServiceDeps } from "./deps.ts";
import type { Calls } from "./types.ts";

/** Appends a key list that follows the highest one; durable, and the epochs were listed, before the answer (X2). */
export const putKeys =
  ({ store, log }: ServiceDeps): Calls["putKeys"] =>
  async ({ keyListJson }) => {
    const list = parseKeyList(keyListJson);
    await store.appendKeyList(list);
    log.info("key list written", { number: list.number, keys: list.keyIds.length });
    return {};
  };
