import type { RecordDeps } from "../catalog/record-verification.ts";
import { recordAbsence } from "../catalog/record-verification.ts";
import type { RecordLocation } from "../store/repository-store.ts";
import { judgeAt } from "./judge-record.ts";
import { putAway } from "./put-away.ts";

/**
 * Records that proved damaged while somebody read them: judged again, put away, and their points marked, in the background, so that
 * the next backup brings them back. Whoever reads does not wait for it.
 */
export class FoundDamage implements AsyncDisposable {
  readonly #deps: RecordDeps;
  readonly #waiting = new Map<string, RecordLocation>();
  #working: Promise<void> | undefined;
  #isClosed = false;

  constructor(deps: RecordDeps) {
    this.#deps = deps;
  }

  /** Takes note of a record; one that waits already is judged once. */
  note(location: RecordLocation): void {
    if (this.#isClosed) return;
    this.#waiting.set(`${location.pack}/${location.offset}`, location);
    this.#working ??= this.#work();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await this.#working;
  }

  async #work(): Promise<void> {
    try {
      while (this.#waiting.size > 0) {
        const locations = [...this.#waiting.values()];
        this.#waiting.clear();
        await this.#judge(locations);
      }
    } catch (err) {
      // The next verification finds them again.
      this.#deps.log.error("damage that was found while reading could not be noted", { err });
    } finally {
      this.#working = undefined;
    }
  }

  async #judge(locations: readonly RecordLocation[]): Promise<void> {
    const { store } = this.#deps;
    const verdicts = [];
    for (const location of locations) verdicts.push(await judgeAt(store, location));
    const failed = verdicts.filter((verdict) => verdict.verdict !== "sound");
    await recordAbsence(this.#deps, await putAway(store, failed));
  }
}
