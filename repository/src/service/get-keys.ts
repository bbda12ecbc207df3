import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { requireKeyList } from "../store/key-log.ts";
import type { ServiceDeps } from "./deps.ts";
import type { Calls } from "./types.ts";

/** The highest whole key list, wrapped as it is stored; FAILED_PRECONDITION where nothing is encrypted (X1). */
export const getKeys =
  ({ store }: ServiceDeps): Calls["getKeys"] =>
  async () => {
    const { encryption, repositoryId } = store.facts;
    if (encryption === undefined)
      throw new HoldfastError("FAILED_PRECONDITION", "the repository is not encrypted: it has no keys");
    return { keyListJson: JSON.stringify(requireKeyList(repositoryId, await store.readKeyLog())) };
  };
