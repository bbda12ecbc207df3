import type { ObjectStore, Published, StagedObject, StageOptions, WriteOptions } from "../object-store.ts";
import { WrappedStore } from "./wrapped-store.ts";

/** Until when an object of that name is locked when it is written now; undefined for not at all. */
export type LockRule = (name: string) => number | undefined;

/** Has the storage lock what is written, by a rule that goes by names. For stores with `retention`. */
export const lockingStore = (store: ObjectStore, rule: LockRule): ObjectStore => new LockingStore(store, rule);

class LockingStore extends WrappedStore {
  readonly #rule: LockRule;

  constructor(inner: ObjectStore, rule: LockRule) {
    super(inner, { call: (_asked, run) => run() });
    this.#rule = rule;
  }

  override putIfAbsent(name: string, bytes: Uint8Array, options: WriteOptions = {}): Promise<Published> {
    return super.putIfAbsent(name, bytes, { lockUntilMs: this.#rule(name), ...options });
  }

  override stage(name: string, options: StageOptions = {}): Promise<StagedObject> {
    return super.stage(name, { lockUntilMs: this.#rule(name), ...options });
  }
}
