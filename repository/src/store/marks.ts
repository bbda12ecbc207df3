import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { pointIdSchema } from "@holdfast/shared/format/manifest-schema";
import type { RepositoryId } from "@holdfast/shared/format/repository-id";
import { z } from "zod";
import { type Mark, type MarkState, markStateSchema, unmarked } from "./mark.ts";
import { markName, marksFolder, parseNumberedName } from "./object-names.ts";
import type { ObjectStore } from "./object-store.ts";
import { decodeSmallObject, encodeSmallObject, type SmallObjectKind } from "./small-object.ts";

const bodySchema = z.strictObject({
  pointId: pointIdSchema,
  number: z.int().min(1),
  epoch: z.int(),
  writtenMs: z.int(),
  state: markStateSchema,
});

/** The kind of `points/<point>/marks/<m>`. */
export const markKind: SmallObjectKind<typeof bodySchema> = { kind: "mark", body: bodySchema };

/** What a new mark states beside its state. */
export interface MarkOrigin {
  readonly pointId: string;
  readonly epoch: number;
  readonly writtenMs: number;
}

const attempts = 16;

/** Marks of points: numbered, created if absent, the highest wins. */
export class MarkObjects {
  readonly #objects: ObjectStore;
  readonly #repositoryId: RepositoryId;

  constructor(objects: ObjectStore, repositoryId: RepositoryId) {
    this.#objects = objects;
    this.#repositoryId = repositoryId;
  }

  /** The highest mark; undefined when there is none. */
  async read(pointId: string): Promise<Mark | undefined> {
    let highest = 0;
    for await (const name of this.#objects.list(marksFolder(pointId))) {
      highest = Math.max(highest, parseNumberedName(name) ?? 0);
    }
    if (highest === 0) return undefined;
    const name = markName(pointId, highest);
    const place = { name, repositoryId: this.#repositoryId, says: { pointId, number: highest } };
    return decodeSmallObject(markKind, await this.#objects.get(name), place).value;
  }

  /** Writes the mark after the highest one; looks again when someone else took its number. */
  async write(origin: MarkOrigin, change: (current: MarkState) => MarkState): Promise<Mark> {
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const current = await this.read(origin.pointId);
      const mark: Mark = {
        ...origin,
        number: (current?.number ?? 0) + 1,
        state: nextState(current?.state ?? unmarked, change),
      };
      const bytes = encodeSmallObject(markKind, this.#repositoryId, mark);
      if ((await this.#objects.putIfAbsent(markName(origin.pointId, mark.number), bytes)) === "created") return mark;
    }
    throw new HoldfastError("REPOSITORY_NOT_OWNED", `someone else keeps marking point ${origin.pointId}`);
  }
}

/** What a change makes of a state. No mark follows that of a point that is gone, and none makes a point immutable for less. */
const nextState = (current: MarkState, change: (current: MarkState) => MarkState): MarkState => {
  if (current.gone) throw new HoldfastError("POINT_NOT_FOUND", "the point is gone for ever");
  const next = change(current);
  if ((next.immutableUntilMs ?? 0) < (current.immutableUntilMs ?? 0))
    throw new TypeError("a mark would make a point immutable for less");
  return next;
};
