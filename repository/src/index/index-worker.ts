import { answerCalls } from "../threads/answer-calls.ts";
import { createIndexService } from "./index-service.ts";

/** The one thread that touches the index. */
const service = createIndexService();

answerCalls({
  calls: service.calls,
  onClose: () => {
    service[Symbol.dispose]();
  },
});
