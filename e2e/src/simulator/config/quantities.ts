import { z } from "zod";

const units: Readonly<Record<string, number>> = { "": 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };

/** Bytes, as a number or as text such as `32MiB`. */
export const bytes = z.union([z.number().int().nonnegative(), z.string()]).transform((value, context) => {
  if (typeof value === "number") return value;
  const match = /^(\d+)\s*(|KiB|MiB|GiB|TiB)$/.exec(value);
  const unit = units[match?.[2] ?? "?"];
  if (match?.[1] !== undefined && unit !== undefined) return Number(match[1]) * unit;
  context.addIssue({ code: "custom", message: "a size is a number of bytes or text such as 32MiB" });
  return z.NEVER;
});

/** A compatibility level or version such as `4.7`; YAML reads an unquoted one as a number. */
export const level = z
  .union([z.string(), z.number()])
  .transform(String)
  .pipe(z.string().regex(/^\d+\.\d+$/, "a level looks like 4.7"));

/** A TCP port; 0 takes a free one at the first start and keeps it. */
export const port = z.number().int().min(0).max(65_535).default(0);

/** Milliseconds, 0 meaning at once. */
export const milliseconds = z.number().int().nonnegative();
