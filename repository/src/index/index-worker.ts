import { serveCalls } from "@holdfast/shared/threads/serve-calls";
import { createIndexService } from "./index-service.ts";

/** The one thread that touches the index. */
serveCalls(() => {
  const service = createIndexService();
  return {
    calls: service.calls,
    onClose: () => {
      service[Symbol.dispose]();
    },
  };
});
