import { packText, type PackKey } from "../store/object-names.ts";
import type { VerifiedGroup, VerifiedObjects } from "../store/verified-objects.ts";

/** Objects of verification state that may be there before they are merged. */
const mostObjects = 32;
/** Packs that one object names, so that it stays below the limit of small objects. */
const mostPacks = 50_000;

/** When packs were read back: in memory, and in objects that are merged when there are many. */
export class VerifiedPacks {
  readonly #objects: VerifiedObjects;
  readonly #readMs = new Map<string, number>();

  private constructor(objects: VerifiedObjects) {
    this.#objects = objects;
  }

  static async load(objects: VerifiedObjects): Promise<VerifiedPacks> {
    const packs = new VerifiedPacks(objects);
    await packs.#takeIn(await objects.list());
    return packs;
  }

  /** When a pack was read back last; undefined when it never was. */
  readMsOf(pack: PackKey): number | undefined {
    return this.#readMs.get(packText(pack));
  }

  /** Makes it durable that these were read back; `present` are all packs that there are: others need no remembering. */
  async note(packs: readonly PackKey[], atMs: number, present: readonly PackKey[]): Promise<void> {
    const names = packs.map(packText);
    for (let first = 0; first < names.length; first += mostPacks) {
      await this.#objects.add([{ atMs, packs: names.slice(first, first + mostPacks) }]);
    }
    this.#take([{ atMs, packs: names }]);
    const objects = await this.#objects.list();
    if (objects.length > mostObjects) await this.#merge(objects, new Set(present.map(packText)));
  }

  async #takeIn(objects: readonly string[]): Promise<void> {
    for (const name of objects) this.#take(await this.#objects.read(name));
  }

  #take(groups: readonly VerifiedGroup[]): void {
    for (const { atMs, packs } of groups) {
      for (const pack of packs) this.#readMs.set(pack, Math.max(atMs, this.#readMs.get(pack) ?? 0));
    }
  }

  /** What all of them say goes into new objects before they are removed: a crash between leaves both. */
  async #merge(objects: readonly string[], present: ReadonlySet<string>): Promise<void> {
    await this.#takeIn(objects);
    for (const pack of this.#readMs.keys()) if (!present.has(pack)) this.#readMs.delete(pack);
    const entries = [...this.#readMs].toSorted(([, a], [, b]) => a - b);
    for (let first = 0; first < entries.length; first += mostPacks) {
      await this.#objects.add(toGroups(entries.slice(first, first + mostPacks)));
    }
    for (const name of objects) await this.#objects.remove(name);
  }
}

const toGroups = (entries: readonly (readonly [string, number])[]): VerifiedGroup[] =>
  [...Map.groupBy(entries, ([, atMs]) => atMs)].map(([atMs, group]) => ({ atMs, packs: group.map(([pack]) => pack) }));
