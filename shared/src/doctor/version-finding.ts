import { isCompatible } from "../version/compatible.ts";
import { type Finding, toFinding } from "./finding.ts";

/** Whether a process's version works with the controller's. */
export const versionFinding = (theirs: string, controllers: string): Finding => {
  const what = { kind: "version", subject: "version" } as const;
  if (theirs === controllers) return toFinding({ ...what, message: `${theirs}, as the controller's` });
  if (isCompatible(theirs, controllers))
    return toFinding({ ...what, message: `${theirs}, which works with the controller's ${controllers}` });
  return toFinding({
    ...what,
    state: "error",
    message: `${theirs === "" ? "unknown" : theirs}, which does not work with the controller's ${controllers}`,
    advice: "bring both to the same version: they must be at most one minor version apart",
  });
};
