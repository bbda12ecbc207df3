import { escapeXml } from "../xml/escape-xml.ts";
import type { RuleEffect } from "./fault-rule.ts";

/** An answer that a rule gives. */
export interface RuleAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

type StatusEffect = Extract<RuleEffect, { kind: "status" }>;

const mediaTypes = {
  json: "application/json;charset=UTF-8",
  xml: "application/xml;charset=UTF-8",
  html: "text/html;charset=UTF-8",
  text: "text/plain;charset=UTF-8",
} as const;

const madeBody = ({ as, status, reason, detail }: StatusEffect): string => {
  switch (as) {
    case "json":
      return JSON.stringify({ reason, detail });
    case "xml":
      return `<fault><detail>${escapeXml(detail)}</detail><reason>${escapeXml(reason)}</reason></fault>`;
    case "html": {
      const title = `${status} ${escapeXml(reason)}`;
      return `<html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>`;
    }
    case "text":
      return `${reason}: ${detail}`;
  }
};

/** The answer of an effect with a status. */
export const ruleAnswer = (effect: StatusEffect): RuleAnswer => ({
  status: effect.status,
  contentType: mediaTypes[effect.as],
  body: effect.body ?? madeBody(effect),
});
