import { systemRandom } from "../ids/ids.ts";
import type { RandomFraction } from "./backoff.ts";

/** Fractions from the operating system's source. */
export const systemFraction: RandomFraction = () => {
  const bytes = systemRandom(4);
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0) / 2 ** 32;
};
