/** The disks that are lent now, so that an agent that drains can wait for those who read through it. */
export class LoanBook {
  #open = 0;
  #settled = Promise.withResolvers<void>();

  get size(): number {
    return this.#open;
  }

  /** Counts a loan until the result is disposed. */
  enter(): Disposable {
    this.#open += 1;
    return {
      [Symbol.dispose]: () => {
        this.#open -= 1;
        if (this.#open > 0) return;
        this.#settled.resolve();
        this.#settled = Promise.withResolvers();
      },
    };
  }

  /** Resolves when no disk is lent. */
  async idle(): Promise<void> {
    while (this.#open > 0) await this.#settled.promise;
  }
}
