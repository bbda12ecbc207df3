import { answerCalls } from "../threads/answer-calls.ts";
import { ingestCalls } from "./check-record.ts";
import type { CheckAnswer } from "./ingest-calls.ts";

answerCalls({
  calls: ingestCalls,
  transferOf: (answer) => {
    const { record } = answer as CheckAnswer;
    return record.buffer instanceof ArrayBuffer ? [record.buffer] : [];
  },
});
