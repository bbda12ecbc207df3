import type { MessageInitShape } from "@bufbuild/protobuf";
import type { PutRecordsRequest, PutRecordsResponseSchema } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { PutReply } from "../uploads/put-replies.ts";
import { type PieceOfRecord, PutStream } from "../uploads/put-stream.ts";
import type { ServiceDeps } from "./deps.ts";
import type { Calls } from "./types.ts";

/** Takes in the records of an upload against grants (S4–S10). */
export const putRecords = ({ store, uploads, slots, room, authorizer }: ServiceDeps): Calls["putRecords"] =>
  async function* (requests, context) {
    const iterator = requests[Symbol.asyncIterator]();
    const first = await iterator.next();
    if (first.done === true || first.value.part.case !== "uploadId") {
      throw new HoldfastError("STREAM_REFUSED", "the first message of the stream names no upload");
    }
    const upload = uploads.require(first.value.part.value, authorizer.permissionOf(context));
    const left = new AbortController();
    const signal = AbortSignal.any([context.signal, left.signal]);
    const stream = new PutStream({ store, slots, checkRoom: () => room.check() }, upload, signal);
    const running = stream.run(pieces(iterator));
    try {
      for await (const reply of stream.replies) yield toMessage(reply);
    } finally {
      left.abort(new HoldfastError("CANCELLED", "the stream was left"));
      await running;
    }
  };

async function* pieces(requests: AsyncIterator<PutRecordsRequest>): AsyncGenerator<PieceOfRecord> {
  for (let next = await requests.next(); next.done !== true; next = await requests.next()) {
    const { part } = next.value;
    if (part.case !== "piece") throw new HoldfastError("STREAM_REFUSED", "a later message of the stream is no piece");
    yield part.value;
  }
}

const toMessage = (reply: PutReply): MessageInitShape<typeof PutRecordsResponseSchema> => {
  switch (reply.kind) {
    case "grant":
      return { event: { case: "grantBytes", value: BigInt(reply.bytes) } };
    case "queue-place":
      return { event: { case: "queuePlace", value: reply.place } };
    case "accepted": {
      const { stored, known, storedBytes } = reply.run;
      return { event: { case: "accepted", value: { stored, known, storedBytes: BigInt(storedBytes) } } };
    }
  }
};
