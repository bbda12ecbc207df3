import { sessionStates } from "../../controller/src/sessions/session-state.ts";
import { taskStates } from "../../controller/src/sessions/task-state.ts";
import { heading } from "./markdown.ts";

/** docs/design/states.md */
export const statesDocument = (): string =>
  [
    heading("States", "The transition tables are the machines; `attempts.md` says what each state means."),
    "## Session\n",
    `\`\`\`mermaid\n${sessionStates.toMermaid().trimEnd()}\n\`\`\`\n`,
    "## Task\n",
    `\`\`\`mermaid\n${taskStates.toMermaid().trimEnd()}\n\`\`\`\n`,
  ].join("\n");
