import type { ImageioOperation, RuleEffect } from "../faults/fault-rule.ts";
import { ruleAnswer } from "../faults/rule-answer.ts";
import type { AnswerFate } from "./answer.ts";
import { Dropped, Refusal } from "./refusal.ts";

/** What rules do to the requests of one daemon. */
export interface Meddling {
  /** Counts a request; answers what is to happen to it. */
  take(call: {
    readonly operation: ImageioOperation;
    readonly ticketId: string;
    /** The client speaks to the proxy, which was meddled with already. */
    readonly isProxied: boolean;
  }): readonly RuleEffect[];
  /** Waits for the delays that come before a request is served. */
  hold(effects: readonly RuleEffect[], signal: AbortSignal): Promise<void>;
}

/** What the lab's proxy adds to the requests that it sends on. */
export const proxiedHeader = "x-lab-proxied";

/** The daemon's own tests have no rules. */
export const noMeddling: Meddling = { take: () => [], hold: () => Promise.resolve() };

/** The operation of a request, in the words of rules. */
export const operationOf = (method: string, rest: string): ImageioOperation => {
  if (method === "PUT") return "write";
  if (method === "PATCH") return "patch";
  if (method === "OPTIONS") return "options";
  if (rest === "extents") return "extents";
  return rest.startsWith("checksum") ? "checksum" : "read";
};

/** Throws what is to be answered in place of serving the request, if anything is. */
export const refuseEarly = (effects: readonly RuleEffect[]): void => {
  for (const effect of effects) {
    if (effect.kind === "drop" && effect.when === "before") throw new Dropped();
    if (effect.kind !== "status" || effect.when !== "before") continue;
    const { status, contentType, body } = ruleAnswer(effect);
    throw new Refusal(status, body, { "content-type": contentType });
  }
};

const fateOfOne = (effect: RuleEffect): AnswerFate | undefined => {
  if (effect.kind === "short") return effect;
  if (effect.kind === "drop" && effect.when === "after") return { kind: "lost" };
  return effect.kind === "status" && effect.when === "after"
    ? { kind: "replaced", answer: ruleAnswer(effect) }
    : undefined;
};

/** What becomes of the answer of a request that is served. */
export const fateOf = (effects: readonly RuleEffect[]): AnswerFate | undefined =>
  effects.map(fateOfOne).find((fate) => fate !== undefined);
