import type { Page } from "@holdfast/shared/format/page";
import type { RecordHeader } from "@holdfast/shared/format/record-header";

declare const checked: unique symbol;

/**
 * A record whose checksum, length and content were compared with its header and id; of an encrypted repository all that can be
 * without a key. Only the ingest pool makes one.
 */
export interface CheckedRecord {
  readonly [checked]: true;
  readonly header: RecordHeader;
  /** Header and stored bytes, as they go into a pack. */
  readonly bytes: Uint8Array;
  /** What a page lists; undefined for chunks. */
  readonly page: Page | undefined;
}

/** What a pack takes: a record that was checked when it came in, now or long ago. */
export type PackedRecord = Pick<CheckedRecord, "header" | "bytes" | "page">;
