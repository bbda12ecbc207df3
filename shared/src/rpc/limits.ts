/** The largest gRPC message that either side sends or takes (R7); a larger record is split. */
export const maxMessageBytes = 256 * 1024;

/** The most payload to put into one message: what the limit leaves when every other field had its room. */
export const maxPayloadBytes = maxMessageBytes - 4 * 1024;

/**
 * Bytes that may be on their way to a reader, per stream and per connection: HTTP/2's own 64 KiB hold an upload at
 * 2 MB/s when the round trip takes 20 ms.
 */
export const flowWindowBytes = 4 * 1024 * 1024;

/** How a connection finds out that its peer is gone or stopped. */
export interface Keepalive {
  /** Milliseconds of silence after which the peer is pinged. */
  readonly timeMs: number;
  /** Milliseconds within which it must answer; then every call on the connection fails with UNAVAILABLE. */
  readonly timeoutMs: number;
}

/** A stopped peer is noticed within 20 seconds. */
export const defaultKeepalive: Keepalive = { timeMs: 10_000, timeoutMs: 10_000 };
