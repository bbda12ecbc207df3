import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { derivedName } from "@holdfast/shared/ids/ids";
import { listUnfinishedAttempts } from "../database/attempts-table.ts";
import type { TaskWork, Try } from "../sessions/task-work.ts";
import { type VerbDeps, findTry } from "./verb-deps.ts";

/**
 * The id of a loan: this attempt's disk, read by this agent for its holder. It follows from the attempt's random id, so that
 * nobody can guess it and nothing of it needs to be stored: a restarted controller knows it again.
 */
export const loanIdOf = (attemptId: string, diskId: string, lenderId: string): string =>
  derivedName(24, "loan", attemptId, diskId, lenderId);

/** The try that a lender serves a disk of; ATTEMPT_UNKNOWN when this agent was not named for it. */
export const findLoan = async (
  deps: VerbDeps,
  asked: { readonly loanId: string; readonly diskId: string; readonly agentId: string },
): Promise<Try & { readonly work: TaskWork }> => {
  const attempts = await listUnfinishedAttempts(deps.database.queries);
  const lent = attempts.find(
    ({ state, attemptId }) => state === "open" && loanIdOf(attemptId, asked.diskId, asked.agentId) === asked.loanId,
  );
  const found = lent === undefined ? undefined : await findTry(deps, lent.attemptId);
  if (found !== undefined) return found;
  throw new HoldfastError("ATTEMPT_UNKNOWN", `agent ${asked.agentId} has no such loan of disk ${asked.diskId}`);
};
