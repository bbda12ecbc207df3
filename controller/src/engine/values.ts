import * as z from "zod";

/** Engines write numbers as text in JSON, dates as bare epoch milliseconds: both are read. */
export const number = z
  .union([z.number(), z.string().regex(/^-?\d+(\.\d+)?$/)])
  .transform(Number)
  .refine(Number.isFinite);

/** A boolean, as text or bare. */
export const flag = z
  .union([z.boolean(), z.enum(["true", "false"])])
  .transform((value) => value === true || value === "true");

/** A reference to another object: only its id counts. */
export const stub = z.object({ id: z.string() });

/** A collection: an object with the singular name, `{}` when empty. */
export const collection = <Item extends z.ZodType>(name: string, item: Item) =>
  z
    .object({ [name]: z.array(item).default([]) })
    .transform((wrapped) => (wrapped as Readonly<Record<string, z.output<Item>[]>>)[name] ?? []);

/** A compatibility level. */
export const level = z.object({ major: number, minor: number });
