/** What the controller hands over for one disk. Never logged: the URLs are the permission (R12). */
export interface ImagePermission {
  readonly transferUrl: string;
  readonly proxyUrl: string;
  readonly anchorPem: string;
  /** The host that serves it, as the engine names it. */
  readonly hostName: string;
  /** Seconds without a finished request after which the engine ends the transfer; 0 when it is not told. */
  readonly inactivityTimeoutS: number;
}
