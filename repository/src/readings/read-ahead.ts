/** Bytes that all readers of a server may hold beyond the one record that each is sending. */
export class ReadAhead {
  readonly #totalBytes: number;
  #heldBytes = 0;

  constructor(totalBytes: number) {
    this.#totalBytes = totalBytes;
  }

  /** Takes room for a record when there is some; never waits, so a reader that stands still holds up nobody. */
  tryTake(bytes: number): boolean {
    if (this.#heldBytes + bytes > this.#totalBytes) return false;
    this.#heldBytes += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#heldBytes -= bytes;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }
}
