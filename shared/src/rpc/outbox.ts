/**
 * Messages of a call that arise one by one: what is put in comes out of the iteration, in order. For small control messages
 * whose number the caller bounds, such as grants.
 */
export class Outbox<Message> implements AsyncIterable<Message> {
  readonly #messages: Message[] = [];
  #isClosed = false;
  #wake: () => void = () => undefined;

  put(message: Message): void {
    this.#messages.push(message);
    this.#wake();
  }

  /** Ends the iteration once it gave all that was put in. */
  close(): void {
    this.#isClosed = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Message> {
    for (;;) {
      const message = this.#messages.shift();
      if (message !== undefined) yield message;
      else if (this.#isClosed) return;
      else await this.#more();
    }
  }

  #more(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    return promise;
  }
}
