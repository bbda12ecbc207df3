import type { Clock } from "@holdfast/shared/clock/clock";
import { type ByteRange, RangeSet } from "./ranges.ts";
import { notAllowed } from "./refusal.ts";
import type { TicketCounters, TicketOperation, TicketSpec, TicketStatus } from "./tickets.ts";

/** Connections that may hold a ticket's volume open; one more waits until another leaves. */
export const maxReaders = 8;

/** What uses a ticket's volume over one HTTP connection. */
export interface TicketUser {
  /** Closes the HTTP connection at once. */
  cut(): void;
}

/** A ticket and its life: expiry, idleness, who uses it, what it served. Times are of the monotonic clock. */
export class Ticket {
  readonly spec: TicketSpec;
  /** Aborts when the ticket is removed. */
  readonly signal: AbortSignal;
  readonly #clock: Clock;
  readonly #abort = new AbortController();
  readonly #users = new Set<TicketUser>();
  readonly #waiting = new Set<() => void>();
  readonly #touched = new RangeSet();
  #expiresAtMs: number;
  #idleSinceMs: number;
  #running = 0;
  #slots = maxReaders;
  #requests = 0;
  #extentRequests = 0;
  #bytesRead = 0;
  #bytesWritten = 0;
  #bytesZeroed = 0;
  #wanted = 0;
  #mostConnections = 0;

  constructor(spec: TicketSpec, clock: Clock) {
    this.spec = spec;
    this.#clock = clock;
    this.signal = this.#abort.signal;
    this.#idleSinceMs = clock.monotonicMs();
    this.#expiresAtMs = this.#idleSinceMs + spec.timeoutSeconds * 1000;
  }

  /** Throws 403 in the daemon's words unless the ticket allows this now. */
  authorize(operation: TicketOperation): void {
    const name = `Transfer=${this.spec.transferId}`;
    if (this.signal.aborted) throw notAllowed(`${name} was canceled`);
    if (this.#expired) throw notAllowed(`${name} expired`);
    if (operation === "write" && this.spec.operation === "read") throw notAllowed(`${name} forbids write`);
  }

  /** Runs a request under the ticket. `renews`: its end makes the ticket live longer and its idleness begin anew. */
  async run<T>(renews: boolean, work: () => Promise<T>): Promise<T> {
    this.#running += 1;
    this.#requests += 1;
    try {
      return await work();
    } finally {
      this.#running -= 1;
      if (renews) {
        this.#idleSinceMs = this.#clock.monotonicMs();
        this.extend(this.spec.timeoutSeconds);
      }
    }
  }

  /** Gives the ticket this long from now on. */
  extend(timeoutSeconds: number): void {
    this.#expiresAtMs = this.#clock.monotonicMs() + timeoutSeconds * 1000;
  }

  /** Takes one of the places at the volume, waiting for it if need be; the answer gives it back. */
  async enter(user: TicketUser, signal: AbortSignal): Promise<() => void> {
    this.#wanted += 1;
    this.#mostConnections = Math.max(this.#mostConnections, this.#wanted);
    try {
      while (this.#slots === 0) await this.#nextLeaving(signal);
      signal.throwIfAborted();
    } catch (caught) {
      this.#wanted -= 1;
      throw caught;
    }
    this.#slots -= 1;
    this.#users.add(user);
    return () => {
      if (!this.#users.delete(user)) return;
      this.#wanted -= 1;
      this.#slots += 1;
      for (const wake of this.#waiting) wake();
    };
  }

  /** Ends all use: aborts, closes every connection that has the volume open, and waits until none has. */
  async cancel(): Promise<void> {
    this.#abort.abort();
    for (const user of this.#users) user.cut();
    while (this.#users.size > 0) await new Promise<void>((resolve) => this.#onLeaving(resolve));
  }

  countRead(range: ByteRange): void {
    this.#bytesRead += range.length;
    if (this.spec.operation === "read") this.#touched.add(range);
  }

  countWritten(range: ByteRange): void {
    this.#bytesWritten += range.length;
    this.#touched.add(range);
  }

  countZeroed(range: ByteRange): void {
    this.#bytesZeroed += range.length;
    this.#touched.add(range);
  }

  countExtents(): void {
    this.#extentRequests += 1;
  }

  counters(): TicketCounters {
    return {
      requests: this.#requests,
      bytesRead: this.#bytesRead,
      bytesWritten: this.#bytesWritten,
      bytesZeroed: this.#bytesZeroed,
      extentRequests: this.#extentRequests,
      mostConnections: this.#mostConnections,
    };
  }

  status(): TicketStatus {
    const idleMs = this.#clock.monotonicMs() - this.#idleSinceMs;
    return {
      id: this.spec.id,
      active: this.#running > 0,
      canceled: this.signal.aborted,
      expired: this.#expired,
      connections: this.#users.size,
      idleSeconds: this.#running > 0 ? 0 : Math.floor(idleMs / 1000),
      transferredBytes: this.#touched.sizeBytes,
      served: this.counters(),
    };
  }

  get #expired(): boolean {
    return this.#clock.monotonicMs() >= this.#expiresAtMs;
  }

  #onLeaving(wake: () => void): () => void {
    const once = (): void => {
      this.#waiting.delete(once);
      wake();
    };
    this.#waiting.add(once);
    return () => this.#waiting.delete(once);
  }

  #nextLeaving(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const abort = (): void => {
        forget();
        reject(signal.reason);
      };
      const forget = this.#onLeaving(() => {
        signal.removeEventListener("abort", abort);
        resolve();
      });
      signal.addEventListener("abort", abort, { once: true });
    });
  }
}
