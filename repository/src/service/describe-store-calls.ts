import type { MessageInitShape } from "@bufbuild/protobuf";
import type { StoreCallsSchema } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import type { StoreMetrics } from "../store/wrappers/metered-store.ts";
import type { StoreVerb } from "../store/wrappers/store-call.ts";

/** The words that operators see. */
const kinds: Readonly<Record<StoreVerb, string>> = {
  putIfAbsent: "create",
  stage: "begin",
  write: "write",
  publish: "publish",
  discard: "discard",
  get: "read",
  getRange: "read-range",
  sizeOf: "size",
  list: "list",
  confirm: "confirm",
  remove: "remove",
  removeLeftovers: "tidy",
  space: "space",
  clock: "clock",
  lockUntil: "lock",
  lockedUntil: "read-lock",
};

/** What was asked of the store since it was opened, in the order in which each kind was first asked. */
export const describeStoreCalls = (metrics: StoreMetrics): MessageInitShape<typeof StoreCallsSchema>[] =>
  [...metrics.read()].map(([verb, { calls, failures, retries, sentBytes, receivedBytes, totalMs, slowestMs }]) => ({
    kind: kinds[verb],
    calls: BigInt(calls),
    failures: BigInt(failures),
    retries: BigInt(retries),
    sentBytes: BigInt(sentBytes),
    receivedBytes: BigInt(receivedBytes),
    totalMs,
    slowestMs,
  }));
