import { type DescMessage, type MessageShape, create, mergeFromBinary, toBinary } from "@bufbuild/protobuf";

/** The messages of a list's stream as one, in order: lists grow, everything else is the last one's. */
export const collectBatches = async <Schema extends DescMessage>(
  schema: Schema,
  batches: AsyncIterable<MessageShape<Schema>>,
): Promise<MessageShape<Schema>> => {
  const whole = create(schema);
  for await (const batch of batches) mergeFromBinary(schema, whole, toBinary(schema, batch));
  return whole;
};
