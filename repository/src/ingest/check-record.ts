import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { decodePage } from "@holdfast/shared/format/page";
import { openChecked, parseRecord } from "@holdfast/shared/format/record";
import type { CheckAnswer, CheckRequest, IngestCalls } from "./ingest-calls.ts";

const check = ({ record, chunkSize, repositoryId }: CheckRequest): CheckAnswer => {
  const parsed = parseRecord(record);
  if (parsed.header.repositoryId !== repositoryId) {
    throw new HoldfastError("REPOSITORY_MISMATCH", `a record of repository ${parsed.header.repositoryId}`);
  }
  const plain = openChecked(parsed, chunkSize);
  const page = parsed.header.kind === "page" ? decodePage(plain) : undefined;
  return { record, page: page === undefined ? undefined : { level: page.level, ids: Uint8Array.from(page.ids) } };
};

/** What an ingest thread does: decompresses records and compares them with their ids. Blocks. */
export const ingestCalls: IngestCalls = { check };
