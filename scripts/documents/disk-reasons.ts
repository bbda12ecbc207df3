import { foundReasons } from "../../shared/src/format/found-reasons.ts";
import { codeOfReason, reasons } from "../../controller/src/capture/reasons.ts";
import { heading, markdownTable } from "./markdown.ts";

/** docs/design/disk-reasons.md */
export const disksReasonsDocument = (): string => {
  const planned = Object.entries(reasons).map(([reason, { level, words }]) => [
    `\`${reason}\``,
    words,
    level === "silent" ? "" : `${level} \`${codeOfReason(reason as keyof typeof reasons)}\``,
  ]);
  const found = Object.entries(foundReasons).map(([reason, words]) => [`\`${reason}\``, words, codeOfFound(reason)]);
  return `${heading(
    "Reasons of disks",
    "Every disk of a backup has a mode (incremental, full, compare, unchanged, skipped) and one of these reasons for it: in plans, sessions and points. *Told* is the remark that the session gets; a notice leaves its result a success.",
  )}
## Decided from what the engine says

${markdownTable(["reason", "meaning", "told"], planned)}
## Found by the agent

${markdownTable(["reason", "meaning", "told"], found)}`;
};

const codes: Readonly<Record<string, string>> = {
  "base-unusable": "BASE_UNUSABLE",
  "no-dirty-context": "TRACKING_UNAVAILABLE",
  "tracking-lied": "TRACKING_LIED",
  "tracking-missed": "TRACKING_MISSED_CHANGES",
} satisfies Record<keyof typeof foundReasons, string>;

const codeOfFound = (reason: string): string => `warning \`${codes[reason] ?? ""}\``;
