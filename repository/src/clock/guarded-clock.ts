import type { Clock } from "@holdfast/shared/clock/clock";
import type { RepositoryId } from "@holdfast/shared/format/repository-id";
import type { ObjectStore } from "../store/object-store.ts";
import type { Ownership } from "../store/ownership.ts";
import type { SpaceReserve } from "../store/space-reserve.ts";
import { ClockLog } from "./clock-log.ts";
import {
  type ClockReading,
  type ClockState,
  confirmClock,
  type DeletionVerdict,
  deletionVerdict,
  latestMs,
  observeClock,
  type SeenClock,
  startClock,
} from "./clock-rule.ts";

/** What guarding the clock needs. */
export interface GuardedClockDeps {
  readonly objects: ObjectStore;
  readonly repositoryId: RepositoryId;
  readonly ownership: Ownership;
  readonly clock: Clock;
  readonly reserve: SpaceReserve;
}

/** How often the time is written down although nothing happened. */
const writeEveryMs = 3_600_000;

/** The repository's clock, which no jump of the machine's clock makes delete anything (K10). */
export class GuardedClock {
  readonly #deps: GuardedClockDeps;
  readonly #log: ClockLog;
  #state: ClockState;
  #written: SeenClock | undefined;
  #writtenAtMs = 0;
  #before: Promise<unknown> = Promise.resolve();

  private constructor(deps: GuardedClockDeps, log: ClockLog, state: ClockState) {
    this.#deps = deps;
    this.#log = log;
    this.#state = state;
  }

  /** Compares the clock with what earlier owners wrote down, and writes the first entry of this one. */
  static async open(deps: GuardedClockDeps): Promise<GuardedClock> {
    const log = new ClockLog(deps.objects, deps.repositoryId);
    const guarded = new GuardedClock(deps, log, startClock(await log.read(), readingOf(deps.clock)));
    await guarded.tick();
    return guarded;
  }

  /** Whether anything may be deleted for good now, and why not. Looks at the clocks. */
  deletionAllowed(): DeletionVerdict {
    const reading = this.#look();
    return deletionVerdict(this.#state, reading);
  }

  /** The time by which periods end: points become gone and immutability ends by it. It never goes back while a server runs. */
  deletionMs(): number {
    this.#look();
    return Math.round(this.#state.deletionMs);
  }

  /** The time from which periods start: of removals and of commits. Never earlier than `deletionMs`. */
  nowMs(): number {
    const reading = this.#look();
    return Math.round(latestMs(this.#state, reading));
  }

  /** An operator says that the wall clock is right: ends a suspension, durably before it takes effect. */
  async confirm(): Promise<void> {
    await this.#inTurn(async () => {
      const reading = this.#look();
      await this.#write(confirmClock(this.#state, reading));
      this.#state = confirmClock(this.#state, reading);
    });
  }

  /** Looks at the clocks, and writes down what is due: a new suspension at once, the time once an hour. */
  async tick(): Promise<void> {
    await this.#inTurn(async () => {
      const { monotonicMs } = this.#look();
      const isNew = this.#written?.suspended !== this.#state.suspended;
      if (isNew || monotonicMs - this.#writtenAtMs >= writeEveryMs) await this.#write(this.#state);
    });
  }

  async #write({ deletionMs, suspended }: ClockState): Promise<void> {
    const { ownership, reserve, clock } = this.#deps;
    const seen: SeenClock = { seenMs: Math.round(deletionMs), suspended: suspended && rounded(suspended) };
    await reserve.whenFull(() => this.#log.write(ownership.epoch, seen));
    await ownership.assertOwned();
    this.#written = { ...seen, suspended };
    this.#writtenAtMs = clock.monotonicMs();
  }

  #look(): ClockReading {
    const reading = readingOf(this.#deps.clock);
    this.#state = observeClock(this.#state, reading);
    return reading;
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#before.then(work, work);
    this.#before = turn.catch(() => undefined);
    return turn;
  }
}

const readingOf = (clock: Clock): ClockReading => ({ wallMs: clock.nowMs(), monotonicMs: clock.monotonicMs() });

const rounded = ({ atMs, jumpMs }: { readonly atMs: number; readonly jumpMs: number }) => ({
  atMs: Math.round(atMs),
  jumpMs: Math.round(jumpMs),
});
