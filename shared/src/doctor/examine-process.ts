import type { Clock } from "../clock/clock.ts";
import type { Identity } from "../identity/identity.ts";
import { examineTargets } from "./examine-target.ts";
import type { Finding } from "./finding.ts";
import { identityFindings } from "./identity-findings.ts";
import { spaceFinding, type WrittenFolder } from "./space-finding.ts";
import type { Target } from "./target.ts";

/** What a process has, and what it needs to reach. */
export interface Surroundings {
  readonly identity: Identity;
  readonly folders: readonly WrittenFolder[];
  readonly targets: readonly Target[];
  readonly clock: Clock;
}

/** Looks at a process's own certificate and folders, and at whom it needs to reach. Never fails for what it finds. */
export const examineProcess = async (
  { identity, folders, targets, clock }: Surroundings,
  signal: AbortSignal,
): Promise<readonly Finding[]> => {
  const [spaces, reached] = await Promise.all([
    Promise.all(folders.map((folder) => spaceFinding(folder, signal))),
    examineTargets(targets, { as: identity, clock, signal }),
  ]);
  return [...identityFindings(identity, clock.nowMs()), ...spaces, ...reached];
};
