import type { z } from "zod";
import {
  type ImageioOperation,
  type RuleEffect,
  type faultRuleSchema,
  imageioOperations,
} from "../simulator/faults/fault-rule.ts";

/** A call as a session makes it: a route of the engine such as `POST /vms/:vm/backups`, or an operation of imageio. */
export type FaultedCall = { readonly call: string } | { readonly imageio: ImageioOperation };

/** One fault of one call. */
export interface FaultCase {
  readonly at: FaultedCall;
  readonly name: string;
  readonly what: RuleEffect;
}

/** Something that goes wrong, by a name for people. */
export type NamedFault = Pick<FaultCase, "name" | "what">;

const status = (code: number, as: "json" | "html" = "json", when: "before" | "after" = "before"): RuleEffect => ({
  kind: "status",
  status: code,
  as,
  reason: "Operation Failed",
  detail: "[Internal Engine Error]",
  when,
});

/** Refused before anything was done; and done, but its answer is lost. */
export const twoFaults: readonly NamedFault[] = [
  { name: "refused", what: status(500) },
  { name: "done, its answer lost", what: { kind: "drop", when: "after" } },
];

/** Every way in which the lab can let a call go wrong. */
export const allFaults: readonly NamedFault[] = [
  ...twoFaults,
  { name: "a bad request", what: status(400) },
  { name: "forbidden", what: status(403) },
  { name: "not found", what: status(404) },
  { name: "a conflict", what: status(409) },
  { name: "the session is over", what: status(401, "html") },
  { name: "the engine restarts", what: status(503, "html") },
  { name: "done, but a gateway answers", what: status(502, "html", "after") },
  { name: "cut before it is done", what: { kind: "drop", when: "before" } },
  { name: "done, its answer cut short", what: { kind: "short", bytes: 20 } },
  { name: "late", what: { kind: "delay", ms: 1_500, when: "before" } },
];

/** Every fault of every call; of calls in their order. */
export const faultCases = (calls: readonly FaultedCall[], faults: readonly NamedFault[]): readonly FaultCase[] =>
  calls.flatMap((at) => faults.map((fault) => ({ at, ...fault })));

/** Whom a fault of this call hits: the VM that it is aimed at, whichever session comes first, or all, who share a log-in. */
const reachOf = (at: FaultedCall): "one" | "any" | "all" => {
  if ("imageio" in at || at.call.includes("/vms/:vm")) return "one";
  return at.call.includes("/sso/") ? "all" : "any";
};

/** True for a fault of the log-in, which the next call of anybody makes. */
export const hitsAll = ({ at }: FaultCase): boolean => reachOf(at) === "all";

/**
 * The cases in rounds of at most `lanes`, of one reach each: a fault that may end the session of another VM would keep that from meeting
 * its own.
 */
export const roundsOf = (cases: readonly FaultCase[], lanes: number): readonly (readonly FaultCase[])[] =>
  (["one", "any", "all"] as const).flatMap((reach) => {
    const own = cases.filter(({ at }) => reachOf(at) === reach);
    const size = reach === "all" ? 1 : lanes;
    return Array.from({ length: Math.ceil(own.length / size) }, (_, round) =>
      own.slice(round * size, (round + 1) * size),
    );
  });

/** A case in a few words. */
export const describeCase = ({ at, name }: FaultCase): string =>
  `${"call" in at ? at.call : `imageio's ${at.imageio}`}: ${name}`;

/** A VM at which a fault is aimed, as far as the call names one. */
export interface FaultAim {
  readonly vmId: string;
  readonly diskId: string;
}

/** The correlation ids of attempts; looks at the whole engine, such as the janitor's, have none. */
const ofAttempts = "^hf-(?!controller$|worker-)";

type Rule = z.input<typeof faultRuleSchema>;

/** The calls of a session that are meant: of this VM where the path names a VM, of this disk, else of any session; log-ins are of anybody. */
export const toMatch = (at: FaultedCall, { vmId, diskId }: FaultAim): Rule["match"] => {
  if ("imageio" in at) return { imageio: at.imageio, disk: diskId };
  if (reachOf(at) === "all") return { call: at.call };
  return { call: at.call.replace("/vms/:vm", `/vms/${vmId}`), correlationId: ofAttempts };
};

/** The rule of the lab that lets the next such call go wrong. */
export const toRule = ({ at, what }: FaultCase, aim: FaultAim): Rule => ({
  match: toMatch(at, aim),
  which: { nth: 1 },
  what,
});

/** Imageio's operations as calls. */
export const imageioCalls: readonly FaultedCall[] = imageioOperations.map((imageio) => ({ imageio }));
