import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { highestEpoch } from "./epoch.ts";
import type { ObjectStore } from "./object-store.ts";

/** R13 within one process: knows our epoch, looks for higher ones, and never forgets having seen one. */
export class Ownership {
  readonly epoch: number;
  readonly #objects: ObjectStore;
  #lost: HoldfastError | undefined;

  constructor(objects: ObjectStore, epoch: number) {
    this.#objects = objects;
    this.epoch = epoch;
  }

  /** REPOSITORY_NOT_OWNED when a higher epoch exists or was ever seen. */
  async assertOwned(): Promise<void> {
    this.throwIfLost();
    const highest = await highestEpoch(this.#objects);
    if (highest > this.epoch) {
      this.#lost ??= new HoldfastError("REPOSITORY_NOT_OWNED", `epoch ${highest} follows ours, ${this.epoch}`);
    }
    this.throwIfLost();
  }

  /** The same from memory, for what is not irreversible. */
  throwIfLost(): void {
    if (this.#lost !== undefined) throw this.#lost;
  }
}
