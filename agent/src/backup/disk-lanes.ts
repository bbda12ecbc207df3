import type { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { orAborted } from "@holdfast/shared/lifecycle/abort";
import { isDiskFault } from "../disks/decide-mend.ts";
import type { OpenDisk } from "../disks/open-disk.ts";
import type { LanePool } from "../lanes/lane-pool.ts";
import type { LaneAnswer, LaneRequest } from "./lane-messages.ts";

/** What lanes that read one disk work with. */
export interface DiskLanesDeps {
  readonly pool: LanePool<LaneRequest, LaneAnswer>;
  /** Lanes that an open disk is worth now. */
  readonly lanesOf: (opened: OpenDisk) => number;
  readonly use: (signal: AbortSignal) => Promise<OpenDisk>;
  /** Opens the disk again when no lane has it open; throws what cannot be mended. */
  readonly mend: (fault: HoldfastError, signal: AbortSignal) => Promise<OpenDisk>;
  /** Something was read. */
  readonly progressed: () => void;
}

/**
 * The lanes of a pool while they read one disk. When its transfer or the way to it breaks, every lane lets go of it, it is
 * mended, and what the lanes had not finished is asked of them again: nothing else is read twice.
 */
export class DiskLanes {
  readonly #deps: DiskLanesDeps;
  #generation = 0;
  #running = 0;
  #quiet = Promise.withResolvers<void>();
  #mending: Promise<void> | undefined;

  constructor(deps: DiskLanesDeps) {
    this.#deps = deps;
  }

  /** Has the disk open in lanes while the work lasts. */
  async during<Result>(work: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
    await this.#prepare(await this.#deps.use(signal), signal);
    const result = await work();
    await this.#deps.pool.tellAll({ kind: "close-disk" }, signal);
    return result;
  }

  /** Resolves when a lane took the request; `answer` settles when it is done, however often the disk broke in between. */
  async submit(request: LaneRequest, signal: AbortSignal): Promise<{ readonly answer: Promise<LaneAnswer> }> {
    const answer = this.#finish(request, await this.#begin(request, signal), signal);
    // Whoever submitted may look at it late; until then a failure must not count as unhandled.
    answer.catch(() => undefined);
    return { answer };
  }

  async #begin(request: LaneRequest, signal: AbortSignal): Promise<Begun> {
    while (this.#mending !== undefined) await this.#mending;
    const generation = this.#generation;
    this.#running += 1;
    try {
      const { answer } = await this.#deps.pool.submit(request, signal);
      const counted = answer.finally(() => {
        this.#ran();
      });
      counted.catch(() => undefined);
      return { generation, answer: counted };
    } catch (caught) {
      this.#ran();
      throw caught;
    }
  }

  async #finish(request: LaneRequest, first: Begun, signal: AbortSignal): Promise<LaneAnswer> {
    for (let begun = first; ; begun = await this.#begin(request, signal)) {
      try {
        const answer = await begun.answer;
        this.#deps.progressed();
        return answer;
      } catch (caught) {
        signal.throwIfAborted();
        if (!isDiskFault(caught)) throw caught;
        await this.#mend(begun.generation, caught, signal);
      }
    }
  }

  /** The first that meets a fault mends for all. */
  async #mend(generation: number, fault: HoldfastError, signal: AbortSignal): Promise<void> {
    if (generation === this.#generation && this.#mending === undefined) {
      const mending = this.#mendOnce(fault, signal);
      mending.catch(() => undefined);
      this.#mending = mending.finally(() => {
        this.#mending = undefined;
      });
      this.#mending.catch(() => undefined);
    }
    await this.#mending;
  }

  async #mendOnce(fault: HoldfastError, signal: AbortSignal): Promise<void> {
    while (this.#running > 0) await orAborted(this.#quiet.promise, signal);
    await this.#deps.pool.tellAll({ kind: "close-disk" }, signal);
    await this.#prepare(await this.#deps.mend(fault, signal), signal);
    this.#generation += 1;
  }

  async #prepare(opened: OpenDisk, signal: AbortSignal): Promise<void> {
    const { pool, lanesOf } = this.#deps;
    await pool.prepare({ kind: "open-disk", access: opened.access }, lanesOf(opened), signal);
  }

  #ran(): void {
    this.#running -= 1;
    if (this.#running > 0) return;
    this.#quiet.resolve();
    this.#quiet = Promise.withResolvers();
  }
}

interface Begun {
  readonly generation: number;
  readonly answer: Promise<LaneAnswer>;
}
