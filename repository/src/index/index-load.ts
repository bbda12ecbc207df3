import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { type IndexDatabase, type IndexedPack, inMemory } from "./index-database.ts";
import { KeyOrderLoad } from "./key-order-load.ts";

/** The load in key order that an index may be in; one that is kept in memory never is, because order saves it nothing. */
export class IndexLoad implements Disposable {
  readonly #database: IndexDatabase;
  #load: KeyOrderLoad | undefined;
  #failure: HoldfastError | undefined;

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
    return this.#try((load) => {
      load.add(pack);
      return true;
    });
  }

  /** Loads one part more; false when nothing is left. */
  next(): boolean {
    if (this.#try((load) => load.loadNext())) return true;
    this[Symbol.dispose]();
    return false;
  }

  /** Loads all that was gathered: what changes rows must find them. */
  settle(): void {
    while (this.next());
  }

  /** False without a load. One that failed fails again until it is given up: what is missing in it must not be called complete. */
  #try(work: (load: KeyOrderLoad) => boolean): boolean {
    if (this.#load === undefined) return false;
    if (this.#failure !== undefined) throw this.#failure;
    try {
      return work(this.#load);
    } catch (caught) {
      this.#failure = HoldfastError.from(caught);
      throw caught;
    }
  }

  /** Gives up what was not loaded. */
  [Symbol.dispose](): void {
    this.#load?.[Symbol.dispose]();
    this.#load = undefined;
    this.#failure = undefined;
  }
}
