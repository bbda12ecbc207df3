import { PackSet } from "../store/pack-set.ts";

/** The packs that one upload uses, for as long as somebody holds them. */
export interface HeldUses {
  readonly packs: PackSet;
  /** Keeps them until disposed of, once more than before. */
  hold(): Disposable;
}

/** What uploads use that were open at any moment since the watch began. */
export interface UsesWatch extends Disposable {
  readonly uses: Iterable<PackSet>;
}

/**
 * Which packs uploads rely on (G6, G7). The first hold is the upload's own, another one its commit's; when the last is given
 * up the uses are forgotten, but for watches that saw them.
 */
export class UsesRegistry {
  readonly #held = new Set<PackSet>();
  readonly #watches = new Set<Set<PackSet>>();

  /** Uses of a new upload; nothing is held until `hold`. */
  open(): HeldUses {
    const packs = new PackSet();
    let holds = 0;
    return {
      packs,
      hold: () => {
        holds += 1;
        this.#held.add(packs);
        for (const watch of this.#watches) watch.add(packs);
        let isOver = false;
        return {
          [Symbol.dispose]: () => {
            if (isOver) return;
            isOver = true;
            holds -= 1;
            if (holds === 0) this.#held.delete(packs);
          },
        };
      },
    };
  }

  /** Begins to remember every use, also of uploads that end meanwhile. */
  watch(): UsesWatch {
    const uses = new Set(this.#held);
    this.#watches.add(uses);
    return {
      uses,
      [Symbol.dispose]: () => {
        this.#watches.delete(uses);
      },
    };
  }
}
