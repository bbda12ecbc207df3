import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { z } from "zod";
import { type Extent, type ExtentContext, inBatches } from "../disks/extent.ts";

const extentSchema = z.object({
  start: z.int().nonnegative(),
  length: z.int().positive(),
  zero: z.boolean().default(false),
  dirty: z.boolean().optional(),
});
const extentsSchema = z.array(extentSchema);

/** Bytes of one extent's JSON, at most; a longer stretch without an end is not imageio's. */
const largestExtentText = 4_096;

/**
 * Reads imageio's JSON array of extents as it arrives, so that only a piece of it is ever in memory. Where a flag is missing
 * the extent counts as data, and as changed. ENGINE_PROTOCOL for anything that is no such array.
 */
export async function* parseExtents(
  body: AsyncIterable<Uint8Array>,
  context: ExtentContext,
): AsyncGenerator<readonly Extent[]> {
  let rest = "";
  let isFirst = true;
  for await (const piece of body) {
    const text = rest + Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength).toString("latin1");
    const end = text.lastIndexOf("}") + 1;
    if (end > 0) {
      yield* inBatches(parseObjects(text.slice(0, end), isFirst ? "[" : ",", context));
      isFirst = false;
    }
    rest = text.slice(end);
    if (rest.length > largestExtentText) throw malformed("an extent has no end");
  }
  if ((isFirst ? rest.replaceAll(/\s/g, "") : `[${rest.trim()}`) !== "[]") throw malformed("the list has no end");
}

/** Whole objects with commas between them, after the one character that must stand in front. */
const parseObjects = (text: string, before: string, context: ExtentContext): readonly Extent[] => {
  const list = text.trimStart();
  if (!list.startsWith(before)) throw malformed(`no ${before} stands before an extent`);
  let value: unknown;
  try {
    value = JSON.parse(`[${list.slice(1)}]`);
  } catch (cause) {
    throw malformed("it is no JSON", cause);
  }
  const parsed = extentsSchema.safeParse(value);
  if (!parsed.success) throw malformed("an extent is not what it should be", parsed.error);
  return parsed.data.map(({ start, length, zero, dirty }) => ({
    start,
    length,
    zero,
    dirty: context === "dirty" && (dirty ?? true),
  }));
};

const malformed = (what: string, cause?: unknown): HoldfastError =>
  new HoldfastError(
    "ENGINE_PROTOCOL",
    `imageio's extents cannot be read: ${what}`,
    cause === undefined ? {} : { cause },
  );
