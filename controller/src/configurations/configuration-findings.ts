import { type Finding, toFinding } from "@holdfast/shared/doctor/finding";
import type { ConfigurationStanding } from "./configuration-keeper.ts";

/** Older than this, the backup of the installation is missing at least one night. */
const oldMs = 48 * 3_600_000;

/** How long a controller may take for the first one. */
const firstWithinMs = 5 * 60_000;

/** Whether the installation itself is backed up, a finding for each repository. */
export const configurationFindings = (
  hasKit: boolean,
  standings: readonly ConfigurationStanding[],
  nowMs: number,
): readonly Finding[] => {
  if (hasKit) return standings.map((standing) => findingOf(standing, nowMs));
  return [
    toFinding({
      kind: "configuration",
      subject: "backup of the installation",
      state: "warning",
      message: "there is no recovery kit: nothing of the controller is backed up",
      advice: "make one, and keep it where no machine of the installation is: holdfast recovery-kit renew",
    }),
  ];
};

const findingOf = ({ name, kept, problem, sinceMs }: ConfigurationStanding, nowMs: number): Finding => {
  const what = { kind: "configuration", subject: `backup of the installation in repository ${name}` } as const;
  const advice = "see why it cannot be written: holdfast recovery-kit show, and the log of the controller";
  const why = problem === undefined ? "" : `: ${problem.message}`;
  if (kept === undefined) {
    if (nowMs - sinceMs < firstWithinMs) return toFinding({ ...what, message: "the first one is on its way" });
    return toFinding({ ...what, state: "warning", message: `there is none${why}`, advice });
  }
  const hours = Math.floor((nowMs - kept.createdMs) / 3_600_000);
  if (nowMs - kept.createdMs <= oldMs)
    return toFinding({ ...what, message: `number ${kept.number}, ${hours} hours old` });
  return toFinding({ ...what, state: "warning", message: `number ${kept.number} is ${hours} hours old${why}`, advice });
};
