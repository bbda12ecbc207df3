import { sessionStates } from "../../controller/src/sessions/session-state.ts";
import { taskStates } from "../../controller/src/sessions/task-state.ts";
import { workerStates } from "../../controller/src/workers/worker-state.ts";
import { heading } from "./markdown.ts";

/** docs/design/states.md */
export const statesDocument = (): string =>
  [
    heading(
      "States",
      "The transition tables are the machines; `attempts.md` and `workers.md` say what each state means.",
    ),
    "## Session\n",
    `\`\`\`mermaid\n${sessionStates.toMermaid().trimEnd()}\n\`\`\`\n`,
    "## Task\n",
    `\`\`\`mermaid\n${taskStates.toMermaid().trimEnd()}\n\`\`\`\n`,
    "## Worker\n",
    `\`\`\`mermaid\n${workerStates.toMermaid().trimEnd()}\n\`\`\`\n`,
  ].join("\n");
