/** Runs pieces of work one after the other, in the order in which they came; a failed one does not stop the next. */
export class Serial {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs the work when all that came before has ended; answers with its result or its error. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }
}
