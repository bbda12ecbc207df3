import type { GetObjectCommandOutput } from "@aws-sdk/client-s3";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";

/** A body, how long it is said to be, and how long it may be. */
export interface ReadBody {
  /** Object that it is of, for the error. */
  readonly name: string;
  readonly Body: GetObjectCommandOutput["Body"] | undefined;
  readonly ContentLength: number | undefined;
  readonly mostBytes: number;
}

/** All of it; undefined, and nothing more is read, as soon as it is longer than it may be. STORE_UNREACHABLE when it breaks off. */
export const readBody = async ({ name, Body, ContentLength, mostBytes }: ReadBody): Promise<Uint8Array | undefined> => {
  const stream = Body as AsyncIterable<Uint8Array> | undefined;
  const pieces: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop ends the connection.
  for await (const piece of stream ?? []) {
    length += piece.byteLength;
    if (length > mostBytes || (ContentLength ?? 0) > mostBytes) return undefined;
    pieces.push(piece);
  }
  if (ContentLength === undefined || length === ContentLength) return Buffer.concat(pieces, length);
  throw new HoldfastError("STORE_UNREACHABLE", `reading ${name} broke off after ${length} of ${ContentLength} bytes`);
};
