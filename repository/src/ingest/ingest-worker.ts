import { serveCalls } from "@holdfast/shared/threads/serve-calls";
import { ingestCalls } from "./check-record.ts";
import type { CheckAnswer } from "./ingest-calls.ts";

serveCalls(() => ({
  calls: ingestCalls,
  transferOf: (answer) => {
    const { record } = answer as CheckAnswer;
    return record.buffer instanceof ArrayBuffer ? [record.buffer] : [];
  },
}));
