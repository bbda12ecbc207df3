import { z } from "zod";
import type { ErrorDetails } from "./holdfast-error.ts";

const schema = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));

/** Details as they crossed a wire; unreadable ones of another version are nothing rather than a second failure. */
export const parseDetails = (json: string): ErrorDetails => {
  try {
    return schema.safeParse(JSON.parse(json)).data ?? {};
  } catch {
    return {};
  }
};
