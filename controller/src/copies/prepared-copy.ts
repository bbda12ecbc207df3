import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { clearPartSchema, sealedPartSchema } from "@holdfast/shared/format/manifest-schema";
import * as z from "zod";

const schema = z.object({
  v: z.literal(1),
  kind: z.literal("copy"),
  clear: clearPartSchema,
  sealed: sealedPartSchema,
});

/** What was made ready for an attempt of a copy: what the point that is copied says of itself. */
export type PreparedCopy = z.output<typeof schema>;

/** Reads `attempt.prepared` of a copy; FAILED_PRECONDITION before it is ready. */
export const parsePreparedCopy = (prepared: unknown): PreparedCopy => {
  if (prepared !== null) return schema.parse(prepared);
  throw new HoldfastError("FAILED_PRECONDITION", "the attempt's copy is not ready");
};
