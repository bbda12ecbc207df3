import type { Clock } from "@holdfast/shared/clock/clock";
import { notAllowed } from "./refusal.ts";
import { Ticket } from "./ticket.ts";
import type { TicketCounters, TicketSpec, TicketStatus, TicketTable } from "./tickets.ts";

/** The tickets of one daemon, in its memory: they end with it. */
export class MemoryTicketTable implements TicketTable {
  readonly #clock: Clock;
  readonly #tickets = new Map<string, Ticket>();
  readonly #removed = new Map<string, TicketCounters>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(spec: TicketSpec): void {
    this.#tickets.set(spec.id, new Ticket(spec, this.#clock));
  }

  status(ticketId: string): TicketStatus | undefined {
    return this.#tickets.get(ticketId)?.status();
  }

  extend(ticketId: string, timeoutSeconds: number): boolean {
    const ticket = this.#tickets.get(ticketId);
    ticket?.extend(timeoutSeconds);
    return ticket !== undefined;
  }

  async remove(ticketId: string): Promise<void> {
    const ticket = this.#tickets.get(ticketId);
    if (!ticket) return;
    await ticket.cancel();
    this.#removed.set(ticketId, ticket.counters());
    if (this.#tickets.get(ticketId) === ticket) this.#tickets.delete(ticketId);
  }

  list(): readonly string[] {
    return [...this.#tickets.keys()];
  }

  counters(): ReadonlyMap<string, TicketCounters> {
    const living = [...this.#tickets].map(([id, ticket]) => [id, ticket.counters()] as const);
    return new Map([...this.#removed, ...living]);
  }

  /** The ticket of a request, whatever its state; 403 when there is none. */
  get(ticketId: string): Ticket {
    const ticket = this.#tickets.get(ticketId);
    if (!ticket) throw notAllowed(`No such ticket ${ticketId}`);
    return ticket;
  }
}
