import { type IndexDatabase, type IndexedPack, inMemory } from "./index-database.ts";
import { KeyOrderLoad } from "./key-order-load.ts";

/** The load in key order that an index may be in; one that is kept in memory never is, because order saves it nothing. */
export class IndexLoad implements Disposable {
  readonly #database: IndexDatabase;
  #load: KeyOrderLoad | undefined;

  constructor(database: IndexDatabase) {
    this.#database = database;
  }

  begin(): void {
    this[Symbol.dispose]();
    if (this.#database.path !== inMemory) this.#load = new KeyOrderLoad(this.#database);
  }

  /** Spools a pack, and answers true, while a load gathers; a pack that comes later comes after all of the load. */
  takes(pack: IndexedPack): boolean {
    if (this.#load?.isLoading === true) this.settle();
    this.#load?.add(pack);
    return this.#load !== undefined;
  }

  /** Loads one part more; false when nothing is left. */
  next(): boolean {
    if (this.#load?.loadNext() === true) return true;
    this[Symbol.dispose]();
    return false;
  }

  /** Loads all that was gathered: what changes rows must find them. */
  settle(): void {
    while (this.next());
  }

  /** Gives up what was not loaded. */
  [Symbol.dispose](): void {
    this.#load?.[Symbol.dispose]();
    this.#load = undefined;
  }
}
