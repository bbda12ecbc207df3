import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { HoldfastError } from "../errors/holdfast-error.ts";
import { maxMessageBytes } from "./limits.ts";

/** A message, or what makes one, as bytes; MESSAGE_TOO_LARGE past the limit of R7. */
export const encodeMessage = (schema: DescMessage, message: unknown): Buffer => {
  const bytes = toBinary(schema, create(schema, message as MessageInitShape<DescMessage>));
  if (bytes.byteLength > maxMessageBytes) {
    throw new HoldfastError("MESSAGE_TOO_LARGE", `${schema.typeName} of ${bytes.byteLength} bytes`, {
      details: { sizeBytes: bytes.byteLength, maxBytes: maxMessageBytes },
    });
  }
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
};

/** The message in bytes from the other side; INVALID_ARGUMENT when they are not one. Its byte fields are views of `bytes`. */
export const decodeMessage = (schema: DescMessage, bytes: Buffer): MessageShape<DescMessage> => {
  try {
    return fromBinary(schema, new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch (caught) {
    throw new HoldfastError("INVALID_ARGUMENT", `bytes that are no ${schema.typeName}`, { cause: caught });
  }
};
