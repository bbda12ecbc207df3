import * as z from "zod";

/** Told to the operator: a notice was known beforehand, a warning was not planned, an error ended it (R10). */
export const remarkSchema = z.object({
  level: z.enum(["notice", "warning", "error"]),
  code: z.string(),
  message: z.string(),
  diskId: z.string().default(""),
});

/** One remark of a task or session. */
export type Remark = z.output<typeof remarkSchema>;

/** Adds remarks, each once. */
export const withRemarks = (had: readonly Remark[], more: readonly Remark[]): readonly Remark[] => {
  const seen = new Set(had.map(keyOf));
  const added = more.filter((remark) => {
    const key = keyOf(remark);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
  return [...had, ...added];
};

const keyOf = ({ level, code, message, diskId }: Remark): string => JSON.stringify([level, code, message, diskId]);
