import type { Engine } from "../engine/engine.ts";
import { correlationIdOf } from "../http/correlation-id.ts";
import type { Respond } from "../http/listen.ts";
import type { Response } from "../http/message.ts";
import type { RuleEffect } from "./fault-rule.ts";
import { ruleAnswer } from "./rule-answer.ts";
import type { RuleTable } from "./rule-table.ts";

/** The answer that an effect gives at this point, or undefined when it gives none. */
const instead = (effect: RuleEffect, when: "before" | "after"): Response | undefined => {
  if (effect.kind === "drop" && effect.when === when) return { kind: "drop" };
  if (effect.kind !== "status" || effect.when !== when) return undefined;
  const { status, contentType, body } = ruleAnswer(effect);
  return { kind: "answer", status, headers: { "content-type": contentType }, body };
};

const replacement = (effects: readonly RuleEffect[], when: "before" | "after"): Response | undefined =>
  effects.map((effect) => instead(effect, when)).find((response) => response !== undefined);

const shortened = (effects: readonly RuleEffect[], response: Response): Response => {
  const short = effects.find((effect) => effect.kind === "short");
  return short === undefined || response.kind !== "answer" ? response : { ...response, sentBytes: short.bytes };
};

/** Lets the rules have their way with every call of the engine's web server. */
export const interfere =
  (rules: RuleTable, engine: Engine, respond: Respond): Respond =>
  async (request) => {
    const { method, path } = request;
    const effects = rules.takeCall({ method, path, correlationId: correlationIdOf(request) });
    const wait = { clock: engine.clock, signal: engine.background.signal };
    await rules.hold(effects, "before", wait);
    const early = replacement(effects, "before");
    if (early !== undefined) return early;
    const response = await respond(request);
    await rules.hold(effects, "after", wait);
    return replacement(effects, "after") ?? shortened(effects, response);
  };
