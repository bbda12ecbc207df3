import { z } from "zod";

/** What imageio does for a client, as rules name it. */
export const imageioOperations = ["options", "read", "extents", "checksum", "write", "patch"] as const;
export type ImageioOperation = (typeof imageioOperations)[number];

const isPattern = (text: string): boolean => {
  try {
    return new RegExp(text) instanceof RegExp;
  } catch {
    return false;
  }
};

const matchSchema = z.union([
  /** A call of the engine. */
  z.strictObject({
    /** Method or `*`, then a path below the API or a whole one: `*` or `:name` is one part of it, a last `**` all the rest. */
    call: z.string().regex(/^(\*|[A-Z]+) \/\S*$/, "a call looks like POST /vms/*/backups"),
    /** A regular expression that the call's correlation id fits; a call without one fits none. Any, and none, when absent. */
    correlationId: z.string().refine(isPattern, "not a regular expression").optional(),
  }),
  /** A request of imageio with a ticket, on the host or the proxy that the client speaks to. */
  z.strictObject({
    imageio: z.enum([...imageioOperations, "*"]),
    /** Id of the disk; any when absent. */
    disk: z.string().optional(),
    /** Name of the host, or `proxy`; any when absent. */
    at: z.string().optional(),
  }),
]);

const count = z.number().int().positive();
const whichSchema = z.union([
  /** One call alone, counted from the making of the rule. */
  z.strictObject({ nth: count }),
  /** Each call whose number is a multiple. */
  z.strictObject({ every: count }),
  /** A stretch of calls; without `to` it does not end. */
  z.strictObject({ from: count, to: count.optional() }),
  /** By chance, the same calls for the same seed. */
  z.strictObject({ probability: z.number().min(0).max(1), seed: z.number().int() }),
]);

const when = z.enum(["before", "after"]).default("before");
const whatSchema = z.discriminatedUnion("kind", [
  /** This answer instead of the call's own; `after` the call was carried out all the same. */
  z.strictObject({
    kind: z.literal("status"),
    status: z.number().int().min(400).max(599),
    /** Form of the body that is made of the two texts. */
    as: z.enum(["json", "xml", "html", "text"]).default("json"),
    reason: z.string().default("Operation Failed"),
    detail: z.string().default("[]"),
    /** A body in place of the made one. */
    body: z.string().optional(),
    when,
  }),
  /** `after` holds only the answer back. */
  z.strictObject({ kind: z.literal("delay"), ms: z.number().int().nonnegative(), when }),
  /** The connection is cut without an answer; `after` the call was carried out and its answer is lost. */
  z.strictObject({ kind: z.literal("drop"), when }),
  /** The answer's head promises the whole body; the connection is cut after this many bytes of it. */
  z.strictObject({ kind: z.literal("short"), bytes: z.number().int().nonnegative() }),
]);

/** What a rule does to a call that it hits. */
export type RuleEffect = z.infer<typeof whatSchema>;

/** A rule by which calls go wrong: which calls, which of them by their number, and what happens. */
export const faultRuleSchema = z
  .strictObject({
    match: matchSchema,
    which: whichSchema.default({ every: 1 }),
    what: whatSchema,
  })
  .refine(
    ({ match, what }) => "call" in match || what.kind !== "delay" || what.when === "before",
    "imageio's answers cannot be held back, only its requests",
  );
export type FaultRule = z.infer<typeof faultRuleSchema>;

/** A rule that holds, with what came of it so far. */
export interface ListedRule extends FaultRule {
  readonly id: number;
  /** Calls that matched. */
  readonly seen: number;
  /** Calls that were hit. */
  readonly hits: number;
}
