import type { BusState } from "@holdfast/shared/bus/bus";
import type { Clock } from "@holdfast/shared/clock/clock";

/** A hello that was answered longer ago than this is no sign of a controller any more. */
const heardWithinMs = 20_000;

/** What readiness is told by, and whom it tells. */
export interface ReadinessDeps {
  readonly clock: Clock;
  /** Told at every change. */
  readonly setServing: (isServing: boolean) => void;
}

/**
 * Whether this agent can be given work: the bus is connected, a controller answered lately, and that controller is worked for. Not
 * ready is no reason to restart an agent: being there at all is its liveness.
 */
export class Readiness implements Disposable {
  readonly #deps: ReadinessDeps;
  #isConnected = true;
  #isHeard = false;
  #isWorkedFor = false;
  #isTold = true;
  #forget = (): void => undefined;

  constructor(deps: ReadinessDeps) {
    this.#deps = deps;
    this.#tell();
  }

  get isReady(): boolean {
    return this.#isConnected && this.#isHeard && this.#isWorkedFor;
  }

  busIs(state: BusState): void {
    this.#isConnected = state === "connected";
    this.#tell();
  }

  /** A controller answered a hello; `isWorkedFor` says whether it can be worked for. */
  heard(isWorkedFor: boolean): void {
    this.#forget();
    this.#isHeard = true;
    this.#isWorkedFor = isWorkedFor;
    this.#forget = this.#deps.clock.after(heardWithinMs, () => {
      this.#isHeard = false;
      this.#tell();
    });
    this.#tell();
  }

  [Symbol.dispose](): void {
    this.#forget();
  }

  #tell(): void {
    if (this.#isTold === this.isReady) return;
    this.#isTold = this.isReady;
    this.#deps.setServing(this.#isTold);
  }
}
