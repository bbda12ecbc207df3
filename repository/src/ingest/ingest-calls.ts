import type { Page } from "@holdfast/shared/format/page";
import type { RecordRules } from "./judge-record.ts";

/** What an ingest thread is given: one whole record, and what chunks of the repository are. */
export interface CheckRequest extends RecordRules {
  readonly record: Uint8Array;
}

/** What it answers: the same bytes, and what a page lists. */
export interface CheckAnswer {
  readonly record: Uint8Array;
  readonly page: Page | undefined;
}

/** What an ingest thread can be asked. */
export interface IngestCalls {
  readonly [name: string]: (argument: never) => unknown;
  /** CHUNK_DAMAGED when anything of the record does not match; REPOSITORY_MISMATCH for another repository's. */
  check(request: CheckRequest): CheckAnswer;
}
