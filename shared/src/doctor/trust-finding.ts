import { type Finding, toFinding } from "./finding.ts";

/** Whether a process has heard of the same revocations as the controller. */
export const trustFinding = (theirs: number, controllers: number): Finding => {
  const what = { kind: "trust", subject: "revocations" } as const;
  if (theirs === controllers) return toFinding({ ...what, message: `known up to number ${theirs}, as the controller` });
  const message = `known here up to number ${theirs}, to the controller up to ${controllers}`;
  if (theirs < controllers) {
    const advice = "look again in a minute: it is told by itself; if it stays, see this process's log";
    return toFinding({ ...what, state: "warning", message, advice });
  }
  const advice =
    "the controller was put back to an earlier state: give it the newest trust.json of its identity folder";
  return toFinding({ ...what, state: "error", message, advice });
};
