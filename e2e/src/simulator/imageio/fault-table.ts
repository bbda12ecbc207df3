import type { Clock } from "@holdfast/shared/clock/clock";
import type { ImageioFault, ImageioFaults } from "./tickets.ts";

type Faults = Map<ImageioFault["kind"], ImageioFault>;

const everyTicket = "*";

/** The faults that tests set; one of each kind for a ticket, its own before that of all tickets. */
export class FaultTable implements ImageioFaults {
  readonly #faults = new Map<string, Faults>();
  #clearing = new AbortController();

  set(ticketId: string, fault: ImageioFault): void {
    const faults: Faults = this.#faults.get(ticketId) ?? new Map();
    faults.set(fault.kind, fault);
    this.#faults.set(ticketId, faults);
  }

  clear(ticketId?: string): void {
    if (ticketId !== undefined) {
      this.#faults.delete(ticketId);
      return;
    }
    this.#faults.clear();
    this.#clearing.abort();
    this.#clearing = new AbortController();
  }

  /** Holds a request of this ticket back for as long as its delay says, or until all faults are cleared. */
  async hold(ticketId: string, clock: Pick<Clock, "sleep">, signal: AbortSignal): Promise<void> {
    const [, fault] = this.#find(ticketId, "delay");
    if (fault?.kind !== "delay") return;
    const { signal: cleared } = this.#clearing;
    try {
      await clock.sleep(fault.ms, AbortSignal.any([signal, cleared]));
    } catch (caught) {
      if (signal.aborted || !cleared.aborted) throw caught;
    }
  }

  /** True when this request is to fail; each true answer uses one up. */
  fails(ticketId: string, kind: "fail-reads" | "fail-writes"): boolean {
    const [owner, fault] = this.#find(ticketId, kind);
    if (fault?.kind !== kind || fault.count <= 0) return false;
    this.set(owner, { kind, count: fault.count - 1 });
    return true;
  }

  /** How many of the next `length` bytes may be sent before the connection is cut; all of them without such a fault. */
  sendable(ticketId: string, length: number): number {
    const [owner, fault] = this.#find(ticketId, "cut");
    if (fault?.kind !== "cut") return length;
    if (fault.afterBytes >= length) {
      this.set(owner, { kind: "cut", afterBytes: fault.afterBytes - length });
      return length;
    }
    this.#faults.get(owner)?.delete("cut");
    return fault.afterBytes;
  }

  #find(ticketId: string, kind: ImageioFault["kind"]): readonly [string, ImageioFault | undefined] {
    const own = this.#faults.get(ticketId)?.get(kind);
    return own ? [ticketId, own] : [everyTicket, this.#faults.get(everyTicket)?.get(kind)];
  }
}
