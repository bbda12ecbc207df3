import type { RecordKind } from "@holdfast/shared/format/record-header";

/** Records of one kind that were taken in, in a row (S8). */
export interface AcceptedRun {
  readonly kind: RecordKind;
  stored: number;
  known: number;
  storedBytes: number;
}

/** What a `PutRecords` stream answers. */
export type PutReply =
  | { readonly kind: "grant"; readonly bytes: number }
  | { readonly kind: "queue-place"; readonly place: number }
  | { readonly kind: "accepted"; readonly run: AcceptedRun };

/**
 * The answers of a stream that wait to be sent. Grants add up, a queue place replaces the one before, runs of one kind join:
 * a reader that does not read makes it no longer than the records that it was granted.
 */
export class PutReplies implements AsyncIterable<PutReply> {
  readonly #runs: AcceptedRun[] = [];
  #grantBytes = 0;
  #place: number | undefined;
  #over: { readonly failure: unknown } | "done" | undefined;
  #wake = Promise.withResolvers<void>();

  grant(bytes: number): void {
    this.#grantBytes += bytes;
    this.#wake.resolve();
  }

  queuePlace(place: number): void {
    this.#place = place;
    this.#wake.resolve();
  }

  accepted(run: AcceptedRun): void {
    const last = this.#runs.at(-1);
    if (last?.kind === run.kind) {
      last.stored += run.stored;
      last.known += run.known;
      last.storedBytes += run.storedBytes;
    } else {
      this.#runs.push({ ...run });
    }
    this.#wake.resolve();
  }

  /** Everything was taken in: the iteration ends after what still waits. */
  close(): void {
    this.#over ??= "done";
    this.#wake.resolve();
  }

  /** The stream failed: the iteration throws after what still waits. */
  fail(failure: unknown): void {
    this.#over ??= { failure };
    this.#wake.resolve();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<PutReply> {
    for (;;) {
      const reply = this.#next();
      if (reply) {
        yield reply;
      } else if (this.#over) {
        if (this.#over === "done") return;
        throw this.#over.failure;
      } else {
        this.#wake = Promise.withResolvers();
        await this.#wake.promise;
      }
    }
  }

  #next(): PutReply | undefined {
    const run = this.#runs.shift();
    if (run) return { kind: "accepted", run };
    if (this.#grantBytes > 0) {
      const bytes = this.#grantBytes;
      this.#grantBytes = 0;
      return { kind: "grant", bytes };
    }
    if (this.#place === undefined) return undefined;
    const place = this.#place;
    this.#place = undefined;
    return { kind: "queue-place", place };
  }
}
