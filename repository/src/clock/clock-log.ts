import { hasCode, HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { RepositoryId } from "@holdfast/shared/format/repository-id";
import { z } from "zod";
import { clockFolder, clockName, parseNumberedName } from "../store/object-names.ts";
import type { ObjectStore } from "../store/object-store.ts";
import { decodeSmallObject, encodeSmallObject, type SmallObjectKind } from "../store/small-object.ts";
import type { SeenClock } from "./clock-rule.ts";

const bodySchema = z.strictObject({
  number: z.int().min(1),
  epoch: z.int().min(1),
  seenMs: z.int(),
  suspended: z.strictObject({ atMs: z.int(), jumpMs: z.int() }).nullable(),
});

/** One entry of the clock's log. */
export type ClockEntry = z.infer<typeof bodySchema>;

/** The kind of objects under `clock/`. */
export const clockKind: SmallObjectKind<typeof bodySchema> = { kind: "clock", body: bodySchema };

/** Entries that stay below the newest one. */
const keptEntries = 8;
const attempts = 16;

/** The time that owners saw, written down again and again (repository-format.md §6.6). */
export class ClockLog {
  readonly #objects: ObjectStore;
  readonly #repositoryId: RepositoryId;

  constructor(objects: ObjectStore, repositoryId: RepositoryId) {
    this.#objects = objects;
    this.#repositoryId = repositoryId;
  }

  /** What counts of what is written: undefined for nothing. Damage above it suspends deletion. */
  async read(): Promise<SeenClock | undefined> {
    let best: ClockEntry | undefined;
    let damaged = 0;
    for (const number of await this.#numbers()) {
      const entry = await this.#readEntry(number);
      if (entry === "damaged") damaged = Math.max(damaged, number);
      else if (entry !== undefined && (best === undefined || isAfter(entry, best))) best = entry;
    }
    if (damaged > (best?.number ?? 0)) return { seenMs: best?.seenMs ?? 0, suspended: { atMs: 0, jumpMs: 0 } };
    return best;
  }

  /** Adds an entry after all there are, and removes those that are long past. */
  async write(epoch: number, { seenMs, suspended }: SeenClock): Promise<void> {
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const numbers = await this.#numbers();
      const number = Math.max(0, ...numbers) + 1;
      const bytes = encodeSmallObject(clockKind, this.#repositoryId, { number, epoch, seenMs, suspended });
      if ((await this.#objects.putIfAbsent(clockName(number), bytes)) !== "created") continue;
      await this.#removeBelow(number - keptEntries, numbers);
      return;
    }
    throw new HoldfastError("REPOSITORY_NOT_OWNED", "someone else keeps writing the repository's clock");
  }

  /** Best effort: a storage that keeps everything keeps these too, and what is left goes with a later entry. */
  async #removeBelow(least: number, numbers: readonly number[]): Promise<void> {
    try {
      for (const past of numbers) if (past < least) await this.#objects.remove(clockName(past));
    } catch (caught) {
      if (!(caught instanceof HoldfastError)) throw caught;
    }
  }

  async #numbers(): Promise<readonly number[]> {
    const numbers: number[] = [];
    for await (const name of this.#objects.list(clockFolder)) {
      const number = parseNumberedName(name);
      if (number !== undefined) numbers.push(number);
    }
    return numbers;
  }

  /** Undefined for one that was removed meanwhile. */
  async #readEntry(number: number): Promise<ClockEntry | "damaged" | undefined> {
    const name = clockName(number);
    try {
      const place = { name, repositoryId: this.#repositoryId, says: { number } };
      return decodeSmallObject(clockKind, await this.#objects.get(name), place).value;
    } catch (caught) {
      if (hasCode(caught, "NOT_FOUND")) return undefined;
      if (hasCode(caught, "REPOSITORY_DAMAGED")) return "damaged";
      throw caught;
    }
  }
}

const isAfter = (a: ClockEntry, b: ClockEntry): boolean =>
  a.epoch > b.epoch || (a.epoch === b.epoch && a.number > b.number);
