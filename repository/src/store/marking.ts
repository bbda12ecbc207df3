/** Which points are being marked, and how often a mark was written since the start. */
export class Marking {
  readonly #underWay = new Map<string, number>();
  #written = 0;

  /** Marks written or given up. */
  get written(): number {
    return this.#written;
  }

  has(pointId: string): boolean {
    return this.#underWay.has(pointId);
  }

  /** The point counts as being marked until this is disposed of. */
  begin(pointId: string): Disposable {
    this.#underWay.set(pointId, (this.#underWay.get(pointId) ?? 0) + 1);
    return {
      [Symbol.dispose]: () => {
        const left = (this.#underWay.get(pointId) ?? 1) - 1;
        if (left > 0) this.#underWay.set(pointId, left);
        else this.#underWay.delete(pointId);
        this.#written += 1;
      },
    };
  }
}
