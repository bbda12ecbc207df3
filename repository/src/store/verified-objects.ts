import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { RepositoryId } from "@holdfast/shared/format/repository-id";
import { z } from "zod";
import { parseVerifiedName, type PackKey, verifiedFolder, verifiedName } from "./object-names.ts";
import type { ObjectStore } from "./object-store.ts";
import { decodeSmallObject, encodeSmallObject, type SmallObjectKind } from "./small-object.ts";

const groupSchema = z.strictObject({
  atMs: z.int(),
  /** Epoch and sequence of each, 16 digits. */
  packs: z.array(z.string().regex(/^[0-9a-f]{16}$/)),
});
const bodySchema = z.strictObject({ epoch: z.int(), groups: z.array(groupSchema) });

/** The kind of `verified/<e8><s8>`. */
export const verifiedKind: SmallObjectKind<typeof bodySchema> = { kind: "verified", body: bodySchema };

/** Packs that were read back at one time. */
export type VerifiedGroup = z.infer<typeof groupSchema>;

/** What writing verification state needs. */
export interface VerifiedObjectsDeps {
  readonly objects: ObjectStore;
  readonly repositoryId: RepositoryId;
  readonly epoch: number;
}

/** Objects that say when packs were read back (repository-format.md §6.8). */
export class VerifiedObjects {
  readonly #deps: VerifiedObjectsDeps;
  #lastSequence = 0;

  constructor(deps: VerifiedObjectsDeps) {
    this.#deps = deps;
  }

  /** Names of all of them. */
  async list(): Promise<readonly string[]> {
    const names: string[] = [];
    for await (const name of this.#deps.objects.list(verifiedFolder)) if (parseVerifiedName(name)) names.push(name);
    return names;
  }

  /** What one says; nothing when it is damaged or gone: its packs are read again then. */
  async read(name: string): Promise<readonly VerifiedGroup[]> {
    try {
      const { objects, repositoryId } = this.#deps;
      return decodeSmallObject(verifiedKind, await objects.get(name), { name, repositoryId, says: {} }).value.groups;
    } catch (caught) {
      if (caught instanceof HoldfastError && ["REPOSITORY_DAMAGED", "NOT_FOUND"].includes(caught.code)) return [];
      throw caught;
    }
  }

  /** Writes one more. */
  async add(groups: readonly VerifiedGroup[]): Promise<void> {
    const { objects, repositoryId, epoch } = this.#deps;
    const bytes = encodeSmallObject(verifiedKind, repositoryId, { epoch, groups: [...groups] });
    for (;;) {
      this.#lastSequence += 1;
      const key: PackKey = { epoch, sequence: this.#lastSequence };
      if ((await objects.putIfAbsent(verifiedName(key), bytes)) === "created") return;
    }
  }

  /** Removes one that others say it all of by now. */
  async remove(name: string): Promise<void> {
    await this.#deps.objects.remove(name);
  }
}
