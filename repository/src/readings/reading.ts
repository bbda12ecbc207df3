import type { Clock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { type RandomBytes, randomName } from "@holdfast/shared/ids/ids";
import type { CatalogPoint } from "../catalog/catalog-point.ts";
import { SilenceWatch } from "./silence-watch.ts";

/** A reader's open work. Everything under way on it holds its `signal`, which aborts with the reason why it ended. */
export class Reading {
  readonly readingId: string;
  readonly point: CatalogPoint;
  /** Key of the certificate that opened it. */
  readonly keyId: string;
  readonly #ended = new AbortController();
  readonly #silence: SilenceWatch;

  constructor(
    { readingId, point, keyId }: Pick<Reading, "readingId" | "point" | "keyId">,
    { clock, silenceMs }: Pick<ReadingsDeps, "clock" | "silenceMs">,
  ) {
    this.readingId = readingId;
    this.point = point;
    this.keyId = keyId;
    this.#silence = new SilenceWatch(clock, silenceMs, () => {
      this.end(new HoldfastError("TIMEOUT", `reading ${readingId} was silent for ${silenceMs / 60_000} minutes`));
    });
  }

  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  touch(): void {
    this.#silence.touch();
  }

  end(reason: HoldfastError): void {
    this.#silence[Symbol.dispose]();
    this.#ended.abort(reason);
  }
}

/** What the table of readings needs. */
export interface ReadingsDeps {
  readonly clock: Clock;
  readonly random: RandomBytes;
  /** Milliseconds of silence that end a reading. */
  readonly silenceMs: number;
}

/** Who may use a reading: the key that opened it, with a token for its point. */
export interface ReadingHolder {
  readonly keyId: string;
  readonly claims: { readonly pointId: string };
}

/** Readings open at once. */
export const mostReadings = 256;

/** The readings of this server. */
export class Readings {
  readonly #deps: ReadingsDeps;
  readonly #open = new Map<string, Reading>();

  constructor(deps: ReadingsDeps) {
    this.#deps = deps;
  }

  get size(): number {
    return this.#open.size;
  }

  /** True while somebody reads the point. */
  holds(pointId: string): boolean {
    return [...this.#open.values()].some(({ point }) => point.pointId === pointId);
  }

  /** Opens a point for reading; UNAVAILABLE above the limit. */
  open(point: CatalogPoint, keyId: string): Reading {
    if (this.#open.size >= mostReadings) {
      throw new HoldfastError("UNAVAILABLE", `${mostReadings} readings are open already`);
    }
    const reading = new Reading({ readingId: randomName(24, this.#deps.random), point, keyId }, this.#deps);
    this.#open.set(reading.readingId, reading);
    reading.signal.addEventListener("abort", () => {
      this.#open.delete(reading.readingId);
    });
    return reading;
  }

  /** An open reading of this caller, which this call keeps from falling silent; READING_UNKNOWN, also for one of another. */
  require(readingId: string, { keyId, claims }: ReadingHolder): Reading {
    const reading = this.#open.get(readingId);
    const isOwn = reading?.keyId === keyId && reading.point.pointId === claims.pointId;
    if (!reading || !isOwn) throw new HoldfastError("READING_UNKNOWN", `reading ${readingId} is not open`);
    reading.touch();
    return reading;
  }
}
