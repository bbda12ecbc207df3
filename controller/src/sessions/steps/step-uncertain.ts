import type { TaskWork, Try } from "../task-work.ts";
import type { WorkDeps } from "../work-deps.ts";
import { askVerdict } from "./ask-verdict.ts";
import { cleanUp } from "./clean-up.ts";
import { type Next, after } from "./next.ts";

const askAgainMs = 2_000;

/** While the repository does not answer: transfers and capture are closed, the checkpoint stays, the fence is asked again. */
export const stepUncertain = async (
  deps: WorkDeps,
  what: Try & { readonly work: TaskWork },
  signal: AbortSignal,
): Promise<Next> => {
  try {
    return await askVerdict(deps, what, signal);
  } catch (caught) {
    if (signal.aborted) throw caught;
    deps.log.debug("the fence still has no answer", { task: what.task.taskId, err: caught });
  }
  if (!what.attempt.cleaned) await cleanUp(deps, what, { standing: "uncertain", signal });
  return after(askAgainMs);
};
