import { InlineThread } from "@holdfast/shared/threads/inline-thread";
import { createIndexService } from "../../index/index-service.ts";
import { ingestCalls } from "../../ingest/check-record.ts";
import type { StoreThreads } from "../store-threads.ts";

/** The same work in the caller's thread, so that a test can open a repository in milliseconds. */
export const inlineThreads: StoreThreads = {
  index: () => {
    const service = createIndexService();
    return new InlineThread(service.calls, () => {
      service[Symbol.dispose]();
    });
  },
  ingest: () => new InlineThread(ingestCalls),
};
