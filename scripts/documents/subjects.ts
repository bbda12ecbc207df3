import { agentSubject, agentVerbs, toAgentSubject } from "../../shared/src/bus/subjects.ts";
import { heading, markdownTable } from "./markdown.ts";

const purposes: Readonly<Record<(typeof agentVerbs)[number], string>> = {
  hello: "I am here; where it is deployed, its slots",
  claim: "a task for a free slot",
  orders: "what an attempt is to do",
  "open-disk": "the ticket of one disk",
  "close-disk": "a disk is done with",
  heartbeat: "attempts are alive, with progress",
  report: "how an attempt ended",
  examine: "what an examination wants to be looked at",
  examined: "what was found, in parts",
};

/** docs/design/subjects.md */
export const subjectsDocument = (): string => {
  const asked = agentVerbs.map((verb) => [
    `\`${agentSubject("AGENT", verb)}\``,
    "agent → controller, answered",
    purposes[verb],
  ]);
  const told = [
    [
      "`hf.v1.wake.MANAGER.CLUSTER`",
      "controller → agents of a cluster",
      "look at your queue; both are derived from the names",
    ],
    [`\`${toAgentSubject("AGENT")}\``, "controller → one agent", "look at an attempt, or at yourself"],
  ];
  return `${heading(
    "Subjects",
    "What travels on the bus. Messages are wake-ups and requests only: losing one costs seconds. Answers go to the asker's private inbox, `_INBOX_<agent>.>`.",
  )}\n${markdownTable(["subject", "who", "what"], [...asked, ...told])}`;
};
