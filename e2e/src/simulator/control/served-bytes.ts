import type { Engine, TicketEntry } from "../engine/engine.ts";
import type { TicketCounters } from "../imageio/tickets.ts";

/** What one ticket was for and what was done with it; the ticket's id, a permission, is not told. */
export interface ServedTicket extends TicketEntry, TicketCounters {}

/** Bytes that the hosts' daemons served, by ticket, since the start or the last reset. */
export interface ServedBytes {
  read(): readonly ServedTicket[];
  reset(): void;
}

const minus = (now: TicketCounters, then: TicketCounters | undefined): TicketCounters => ({
  requests: now.requests - (then?.requests ?? 0),
  bytesRead: now.bytesRead - (then?.bytesRead ?? 0),
  bytesWritten: now.bytesWritten - (then?.bytesWritten ?? 0),
  bytesZeroed: now.bytesZeroed - (then?.bytesZeroed ?? 0),
  extentRequests: now.extentRequests - (then?.extentRequests ?? 0),
  mostConnections: now.mostConnections,
});

/** Opens the account. What went through a proxy is counted once, at the host. */
export const openServedBytes = (engine: Engine): ServedBytes => {
  const baseline = new Map<string, TicketCounters>();
  const all = (): readonly (readonly [string, TicketCounters])[] =>
    [...engine.imageio.hosts.values()].flatMap((daemon) => [...daemon.tickets.counters()]);
  return {
    read: () =>
      all().flatMap(([ticketId, counters]) => {
        const entry = engine.ledger.get(ticketId);
        const since = minus(counters, baseline.get(ticketId));
        const isOld = baseline.has(ticketId) && since.requests === 0;
        return entry === undefined || isOld ? [] : [{ ...entry, ...since }];
      }),
    reset: () => {
      for (const [ticketId, counters] of all()) baseline.set(ticketId, { ...counters });
    },
  };
};
