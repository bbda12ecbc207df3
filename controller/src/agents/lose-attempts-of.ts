import { listUnfinishedAttempts } from "../database/attempts-table.ts";
import type { Member } from "../identity/member.ts";
import { loseAttempt } from "./lose-attempt.ts";
import type { VerbDeps } from "./verb-deps.ts";

/** Ends every attempt that a revoked agent holds: another agent may try. */
export const loseAttemptsOf = async (deps: VerbDeps, { role, id, name }: Member): Promise<void> => {
  if (role !== "agent") return;
  for (const attempt of await listUnfinishedAttempts(deps.database.queries)) {
    if (attempt.state === "open" && attempt.agentId === id)
      await loseAttempt(deps, attempt.attemptId, `agent ${name} was revoked`);
  }
};
