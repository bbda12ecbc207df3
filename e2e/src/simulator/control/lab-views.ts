import type { ServedTicket } from "./served-bytes.ts";

/** Where the guest of a running VM reads and writes one disk. */
export interface GuestDisk {
  readonly diskId: string;
  readonly socketPath: string;
  readonly exportName: string;
  /** For libnbd's programs. */
  readonly uri: string;
}

/** The process that a guest is. */
export interface LabGuest {
  readonly pid: number;
  readonly startTime: number;
  /** The kernel's letter: `T` while the VM is suspended. */
  readonly state: string;
}

/** Calls of the API by route, and what the hosts' imageio did by ticket. */
export interface LabCounters {
  readonly calls: Readonly<Record<string, number>>;
  readonly tickets: readonly ServedTicket[];
}
