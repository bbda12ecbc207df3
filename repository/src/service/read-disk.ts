import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  ReadDiskRequest,
  ReadDiskResponseSchema,
  ReadDiskStart,
} from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { orAborted } from "@holdfast/shared/lifecycle/abort";
import { GrantWindow } from "@holdfast/shared/rpc/data-stream";
import { maxPayloadBytes } from "@holdfast/shared/rpc/limits";
import { type DiskContent, diskContent } from "../readings/disk-content.ts";
import type { Reading } from "../readings/reading.ts";
import type { RecordLocation } from "../store/repository-store.ts";
import type { ServiceDeps } from "./deps.ts";
import { PlaceQueue } from "./place-queue.ts";
import { treeOf } from "./read-leaves.ts";
import { toGrant } from "./requests.ts";
import type { Calls } from "./types.ts";

/** The most bytes of one grant, and of grants that are not used up. */
const mostGrantedBytes = 64 * 1024 * 1024;

type Message = MessageInitShape<typeof ReadDiskResponseSchema>;

/** Chunks of a disk as stored records against grants; zeros and damage are named (D3–D6). */
export const readDisk = (deps: ServiceDeps): Calls["readDisk"] =>
  async function* (requests, context) {
    const iterator = requests[Symbol.asyncIterator]();
    const start = toStart(await iterator.next());
    const reading = deps.readings.require(start.readingId, deps.authorizer.permissionOf(context));
    const left = new AbortController();
    const signal = AbortSignal.any([context.signal, reading.signal, left.signal]);
    const window = new GrantWindow();
    const granting = takeGrants(iterator, window, reading);
    const queue = new PlaceQueue(deps.slots, signal);
    try {
      for await (const place of queue) yield { event: { case: "queuePlace", value: place } };
      yield* sendRange(deps, { start, reading, queue, sending: { window, signal } });
      yield { event: { case: "end", value: true } };
      await orAborted(granting, signal);
    } finally {
      left.abort(new HoldfastError("CANCELLED", "the stream is over"));
      window.close(left.signal.reason);
      granting.catch(() => undefined);
    }
  };

interface RangeSending {
  readonly start: ReadDiskStart;
  readonly reading: Reading;
  readonly queue: PlaceQueue;
  readonly sending: Sending;
}

async function* sendRange(
  deps: ServiceDeps,
  { start, reading, queue, sending }: RangeSending,
): AsyncGenerator<Message> {
  using _slot = await queue.slot;
  const { firstPosition, count, diskId } = start;
  const range = { tree: treeOf(reading.point, diskId), firstPosition, count };
  const { signal } = sending;
  const onDamaged = (location: RecordLocation): void => {
    deps.foundDamage.note(location);
  };
  const from = { reader: deps.store, readAhead: deps.readAhead, signal, onDamaged };
  for await (const content of diskContent(range, from)) {
    yield* messagesOf(content, diskId, sending);
    reading.touch();
  }
}

const toStart = (first: IteratorResult<ReadDiskRequest, unknown>): ReadDiskStart => {
  if (first.done !== true && first.value.part.case === "start") return first.value.part.value;
  throw new HoldfastError("STREAM_REFUSED", "the first message of the stream does not say what to read");
};

/** Adds grants until the reader sends no more; then waiting for one is refused (D6). */
const takeGrants = async (
  requests: AsyncIterator<ReadDiskRequest>,
  window: GrantWindow,
  reading: Reading,
): Promise<void> => {
  try {
    for (let next = await requests.next(); next.done !== true; next = await requests.next()) {
      const { part } = next.value;
      if (part.case !== "grantBytes") throw new HoldfastError("STREAM_REFUSED", "a later message is no grant");
      window.grant(toGrant(part.value, mostGrantedBytes - window.availableBytes));
      reading.touch();
    }
    window.close(new HoldfastError("STREAM_REFUSED", "the reader ended its grants before the end"));
  } catch (caught) {
    window.close(caught);
  }
};

interface Sending {
  readonly window: GrantWindow;
  readonly signal: AbortSignal;
}

async function* messagesOf(content: DiskContent, diskId: string, sending: Sending): AsyncGenerator<Message> {
  switch (content.kind) {
    case "zero": {
      const { firstPosition, count } = content;
      yield { event: { case: "zero", value: { diskId, firstPosition, count } } };
      return;
    }
    case "damaged": {
      const { position, code } = content;
      yield { event: { case: "damaged", value: { position, code } } };
      return;
    }
    case "record":
      yield* piecesOf(content.position, content.record, sending);
  }
}

async function* piecesOf(position: number, record: Uint8Array, { window, signal }: Sending): AsyncGenerator<Message> {
  for (let offset = 0; offset < record.byteLength; offset += maxPayloadBytes) {
    const data = record.subarray(offset, offset + maxPayloadBytes);
    await window.take(data.byteLength, signal);
    const last = offset + data.byteLength === record.byteLength;
    yield { event: { case: "piece", value: { position, data, last } } };
  }
}
