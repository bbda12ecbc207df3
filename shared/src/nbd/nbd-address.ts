/** An export of an NBD server that listens on a unix socket. */
export interface NbdAddress {
  readonly socketPath: string;
  /** The empty name is the server's default export. */
  readonly exportName: string;
}

/** The address in the form that libnbd's programs take: `nbd+unix:///NAME?socket=PATH`. */
export const toNbdUri = (address: NbdAddress): string =>
  `nbd+unix:///${encodeURIComponent(address.exportName)}?socket=${encodeURIComponent(address.socketPath)}`;
