import * as z from "zod";

import { type Answer, jsonOf } from "./answer.ts";

/** An engine's own words about a refusal; both empty when it gave none. */
export interface EngineWords {
  readonly reason: string;
  /** Messages without the brackets in which engines print their list; comma-joined when several. */
  readonly detail: string;
}

const faultSchema = z.object({ reason: z.string().default(""), detail: z.string().default("") });
const bodySchema = z.union([z.object({ fault: faultSchema }).transform(({ fault }) => fault), faultSchema]);

/** Reads a fault in its plain form and as it stands in a failed action; other bodies have no words. */
export const wordsOf = (answer: Answer): EngineWords => {
  const parsed = bodySchema.safeParse(jsonOf(answer));
  if (!parsed.success) return { reason: "", detail: "" };
  const { reason, detail } = parsed.data;
  return { reason, detail: detail.replace(/^\[(.*)\]$/s, "$1").trim() };
};
