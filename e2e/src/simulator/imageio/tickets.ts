import type { Clock } from "@holdfast/shared/clock/clock";
import type { NbdAddress } from "@holdfast/shared/nbd/nbd-address";

import type { Meddling } from "./meddling.ts";

/** What a ticket allows. A ticket that may write may read too. */
export type TicketOperation = "read" | "write";

/** A permission to reach one volume through an imageio daemon; its id stands in the URL and is the only credential. */
export interface TicketSpec {
  readonly id: string;
  readonly transferId: string;
  /** Caps every range; the size that the client sees. */
  readonly sizeBytes: number;
  readonly operation: TicketOperation;
  /** Seconds of life that each finished operation renews; the engine's value is 300. */
  readonly timeoutSeconds: number;
  /** Seconds after which an idle connection of this ticket is closed; 0 means never. */
  readonly inactivityTimeoutSeconds: number;
  /** True to offer the dirty context; the export must then have exactly one bitmap. */
  readonly dirty: boolean;
  readonly target: TicketTarget;
  /** Told before a part of the volume is read for a client. */
  readonly onRead?: (range: { readonly offset: number; readonly length: number }) => void;
  /** How the storage behind the volume is: without room for writes, or not there at all. Well when absent. */
  readonly storage?: () => "well" | "full" | "gone";
  /** Name for `content-disposition`. */
  readonly filename?: string;
}

/** Where a ticket's bytes are. */
export type TicketTarget =
  | { readonly kind: "nbd"; readonly address: NbdAddress }
  /** A proxy's ticket: the host's daemon that holds the ticket of the same id. */
  | { readonly kind: "http"; readonly origin: string };

/** What a daemon knows of a ticket now: what the engine polls for progress, idleness and auto-finalize. */
export interface TicketStatus {
  readonly id: string;
  /** True while a request is being served. */
  readonly active: boolean;
  readonly canceled: boolean;
  readonly expired: boolean;
  /** HTTP connections that hold the volume open now. */
  readonly connections: number;
  /** Whole seconds since the last finished operation; 0 while one runs. GET extents does not renew it. */
  readonly idleSeconds: number;
  /** Bytes of the union of all ranges read (read tickets) or written (write tickets). */
  readonly transferredBytes: number;
  readonly served: TicketCounters;
}

/** Sums since the ticket was added; they stay readable after its removal. */
export interface TicketCounters {
  readonly requests: number;
  /** Body bytes of GET answers with disk contents, repeated reads counted again. */
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly bytesZeroed: number;
  /** GETs of extents. */
  readonly extentRequests: number;
  /** The most connections that ever held the volume open, or waited to, at once. */
  readonly mostConnections: number;
}

/** The tickets of one daemon: what VDSM (or the engine, for a proxy) does through the control socket. */
export interface TicketTable {
  /** Adds a ticket, or replaces the one of that id. */
  add(spec: TicketSpec): void;
  /** Undefined for a ticket that is not (or no longer) there. */
  status(ticketId: string): TicketStatus | undefined;
  /** Gives a ticket this many seconds from now, an expired one too; false when there is none. */
  extend(ticketId: string, timeoutSeconds: number): boolean;
  /**
   * Cancels the running operations after their present block, closes the ticket's connections and forgets it; resolves when
   * nothing uses the volume any more. An unknown ticket is fine.
   */
  remove(ticketId: string): Promise<void>;
  /** Ids of all tickets that are there. */
  list(): readonly string[];
  /** Counters of every ticket since the daemon started, removed ones too. */
  counters(): ReadonlyMap<string, TicketCounters>;
}

/** Something that a test makes go wrong. */
export type ImageioFault =
  /** The next `count` GETs of contents, or PUTs and PATCHes, answer 500. */
  | { readonly kind: "fail-reads" | "fail-writes"; readonly count: number }
  /** One connection is cut after this many more body bytes of contents were sent. */
  | { readonly kind: "cut"; readonly afterBytes: number }
  /** Every request waits first, at most until the faults are cleared. */
  | { readonly kind: "delay"; readonly ms: number };

/** The faults of one daemon, by ticket; `*` stands for every ticket. */
export interface ImageioFaults {
  set(ticketId: string, fault: ImageioFault): void;
  clear(ticketId?: string): void;
}

/** A running imageio daemon: of a host (NBD tickets) or beside the engine (a proxy). */
export interface ImageioDaemon extends AsyncDisposable {
  readonly tickets: TicketTable;
  readonly faults: ImageioFaults;
  /** Port of the TLS listener on 127.0.0.1. */
  readonly port: number;
}

/** Key and certificate of a listener, PEM. */
export interface TlsIdentity {
  readonly key: string;
  /** The leaf, then what a client needs to reach the CA. */
  readonly cert: string;
}

/** What `openHostDaemon` (host-daemon.ts) takes. */
export interface HostDaemonOptions {
  readonly identity: TlsIdentity;
  readonly clock: Clock;
  /** A path, or an abstract name beginning with NUL; every simulated host has its own. */
  readonly unixSocket: string;
  /** TLS port on 127.0.0.1; a free one unless told. */
  readonly port?: number;
  readonly meddling?: Meddling;
}

/** What `openProxyDaemon` (proxy-daemon.ts) takes. */
export interface ProxyDaemonOptions {
  readonly identity: TlsIdentity;
  readonly clock: Clock;
  /** PEM of the CA that signed the hosts' certificates. */
  readonly hostCa: string;
  /** TLS port on 127.0.0.1; a free one unless told. */
  readonly port?: number;
  readonly meddling?: Meddling;
}
