import { createHash } from "node:crypto";

import { z } from "zod";

import type { ImageAnswer, ImageConnection } from "./image-connection.ts";

const extentsSchema = z.array(
  z.object({
    start: z.number(),
    length: z.number(),
    zero: z.boolean().optional(),
    dirty: z.boolean().optional(),
    hole: z.boolean().optional(),
  }),
);
/** A stretch of an image as a daemon tells it. */
export type ImageExtent = z.infer<typeof extentsSchema>[number];

/** The JSON of an answer. */
export const jsonOf = ({ body }: ImageAnswer): unknown => JSON.parse(body.toString());

/** The extents of an image in one context. */
export const extentsOf = async (
  connection: ImageConnection,
  context: "zero" | "dirty",
): Promise<readonly ImageExtent[]> =>
  extentsSchema.parse(jsonOf(await connection.ask("GET", { rest: `/extents?context=${context}` })));

/** The size of an image: where its last extent ends. */
export const sizeOf = async (connection: ImageConnection): Promise<number> => {
  const last = (await extentsOf(connection, "zero")).at(-1);
  return last === undefined ? 0 : last.start + last.length;
};

const optionsSchema = z.object({
  features: z.array(z.string()),
  max_readers: z.number().optional(),
  max_writers: z.number().optional(),
});

/** What OPTIONS tells of a ticket. */
export const optionsOf = async (
  connection: ImageConnection,
): Promise<z.infer<typeof optionsSchema> & { readonly allow: readonly string[] }> => {
  const answer = await connection.ask("OPTIONS");
  const allow = answer.headers["allow"];
  return { ...optionsSchema.parse(jsonOf(answer)), allow: typeof allow === "string" ? allow.split(",") : [] };
};

/** The hash of the hashes of blocks, read by ranges. */
export const blockChecksum = async (
  connection: ImageConnection,
  parts: { readonly algorithm: string; readonly sizeBytes: number; readonly blockBytes: number },
): Promise<string> => {
  const { algorithm, sizeBytes, blockBytes } = parts;
  const whole = createHash(algorithm);
  for (let start = 0; start < sizeBytes; start += blockBytes) {
    const end = Math.min(sizeBytes, start + blockBytes);
    const { body } = await connection.range(`${start}-${end - 1}`);
    whole.update(createHash(algorithm).update(body).digest());
  }
  return whole.digest("hex");
};
