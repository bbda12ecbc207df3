/** What is done with one chunk position of a disk; `heal` is read again although nothing changed, for the repository lost it. */
export type ChunkAction = "read" | "zero" | "unchanged" | "heal";

/** Neighbouring positions with one action. */
export interface ChunkRun {
  readonly first: number;
  readonly count: number;
  readonly action: ChunkAction;
}

const actions: readonly ChunkAction[] = ["read", "zero", "unchanged", "heal"];

/** The plan of a disk: one byte a position, so 1 MiB for each TiB of disk at 1 MiB a chunk. Starts as all `read`. */
export class ChunkMap {
  readonly length: number;
  readonly #bytes: Uint8Array;

  constructor(length: number) {
    this.length = length;
    this.#bytes = new Uint8Array(length);
  }

  /** Sets the run's positions; those past the end are left out. */
  set({ first, count, action }: ChunkRun): void {
    this.#bytes.fill(actions.indexOf(action), first, first + count);
  }

  at(position: number): ChunkAction {
    return actions[this.#bytes[position] ?? 0] ?? "read";
  }

  /** How many positions have the action. */
  count(action: ChunkAction): number {
    let total = 0;
    for (const run of this.runs()) if (run.action === action) total += run.count;
    return total;
  }

  /** Takes the positions from `first` on over from a map of the same length. */
  takeOver(other: ChunkMap, first: number): void {
    this.#bytes.set(other.#bytes.subarray(first, this.length), Math.min(first, this.length));
  }

  /** Marks a range to be read again; zeros need no healing. */
  heal(first: number, count: number): void {
    const end = Math.min(first + count, this.length);
    for (let position = first; position < end; position += 1) {
      if (this.at(position) !== "zero") this.set({ first: position, count: 1, action: "heal" });
    }
  }

  /** The runs between two positions, ascending and as long as they can be. */
  *runs(from = 0, to = this.length): Generator<ChunkRun> {
    const end = Math.min(to, this.length);
    let first = from;
    while (first < end) {
      const byte = this.#bytes[first];
      let next = first + 1;
      while (next < end && this.#bytes[next] === byte) next += 1;
      yield { first, count: next - first, action: this.at(first) };
      first = next;
    }
  }
}
