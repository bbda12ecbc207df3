import type { Thread } from "@holdfast/shared/threads/thread";
import type { IndexCalls } from "../index/index-calls.ts";
import { startIndexThread } from "../index/index-client.ts";
import type { IngestCalls } from "../ingest/ingest-calls.ts";
import { startIngestThread } from "../ingest/ingest-pool.ts";

/** How a repository starts its threads. */
export interface StoreThreads {
  readonly index: () => Thread<IndexCalls>;
  readonly ingest: () => Thread<IngestCalls>;
}

/** Worker threads: what every program uses. */
export const workerThreads: StoreThreads = { index: startIndexThread, ingest: startIngestThread };
