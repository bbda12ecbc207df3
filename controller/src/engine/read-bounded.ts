import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";

/** Reads a body to its end as text; ENGINE_PROTOCOL when it is larger than it may be (R7). */
export const readBounded = async (body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<string> => {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of body) {
    size += piece.length;
    if (size > maxBytes) {
      throw new HoldfastError("ENGINE_PROTOCOL", `the engine's answer is larger than ${maxBytes} bytes`);
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
};
