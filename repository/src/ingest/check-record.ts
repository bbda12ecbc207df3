import { decodePage } from "@holdfast/shared/format/page";
import { parseRecord } from "@holdfast/shared/format/record";
import type { CheckAnswer, CheckRequest, IngestCalls } from "./ingest-calls.ts";
import { judgeRecord } from "./judge-record.ts";

const check = ({ record, ...rules }: CheckRequest): CheckAnswer => {
  const parsed = parseRecord(record);
  const plain = judgeRecord(parsed, rules);
  const page = parsed.header.kind === "page" && plain !== undefined ? decodePage(plain) : undefined;
  return { record, page: page === undefined ? undefined : { level: page.level, ids: Uint8Array.from(page.ids) } };
};

/** What an ingest thread does: decompresses records and compares them with their ids. Blocks. */
export const ingestCalls: IngestCalls = { check };
