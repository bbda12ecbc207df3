import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type * as z from "zod";

/** Reads a structured column; what does not fit was written by another version or by a hand, and is never guessed. */
export const fromJson = <Schema extends z.ZodType>(schema: Schema, text: string, column: string): z.output<Schema> => {
  const parsed = schema.safeParse(parse(text, column));
  if (parsed.success) return parsed.data;
  throw new HoldfastError("SCHEMA_TOO_NEW", `the column ${column} holds what this version does not know`, {
    cause: parsed.error,
  });
};

/** Writes a structured column. */
export const toJson = (value: unknown): string => JSON.stringify(value);

const parse = (text: string, column: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (caught) {
    throw new HoldfastError("INTERNAL", `the column ${column} holds no JSON`, { cause: caught });
  }
};
