import { type DescMessage, type MessageInitShape, type MessageShape, create, toBinary } from "@bufbuild/protobuf";

const maxRows = 100;
/** Half of the largest message: what stands beside the rows has room. */
const maxBytes = 128 * 1024;

/** Rows of a list in the messages of its stream: at most 100 rows and 128 KiB in each; a larger row goes alone. */
export async function* inBatches<Schema extends DescMessage>(
  schema: Schema,
  rows: Iterable<MessageInitShape<Schema>> | AsyncIterable<MessageInitShape<Schema>>,
): AsyncGenerator<MessageShape<Schema>[]> {
  let batch: MessageShape<Schema>[] = [];
  let bytes = 0;
  for await (const row of rows) {
    const message = create(schema, row);
    const size = toBinary(schema, message).byteLength;
    if (batch.length > 0 && (batch.length === maxRows || bytes + size > maxBytes)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(message);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}
