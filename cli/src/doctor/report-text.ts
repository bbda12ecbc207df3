import type { Check, Report } from "@holdfast/proto/holdfast/doctor/v1/doctor_pb";
import { stateOf } from "@holdfast/shared/doctor/check";
import { checkStates } from "@holdfast/shared/doctor/finding";
import { tableText } from "../output/output.ts";

/** The report for people: a line for each process, and under it what is not well, or everything. */
export const reportText = ({ checks }: Pick<Report, "checks">, { all }: { readonly all: boolean }): string => {
  const processes = Map.groupBy(checks, processOf);
  const parts = [...processes].map(([process, ofProcess]) => {
    const shown = all ? ofProcess : ofProcess.filter((check) => ["error", "warning"].includes(stateOf(check)));
    return [`${process}: ${countsText(ofProcess)}`, ...rowsText(shown)].join("\n");
  });
  return parts.join("\n\n");
};

const processOf = ({ role, name }: Check): string => {
  if (role === "cli") return "this machine";
  return role === name || name === "" ? role : `${role} ${name}`;
};

const countsText = (checks: readonly Check[]): string => {
  const counts = checkStates
    .map((state) => ({ state, count: checks.filter((check) => stateOf(check) === state).length }))
    .filter(({ count }) => count > 0);
  return counts.map(({ state, count }) => `${count} ${count === 1 ? state : (plurals[state] ?? state)}`).join(", ");
};

const plurals: Readonly<Record<string, string>> = { warning: "warnings", error: "errors" };

const rowsText = (checks: readonly Check[]): readonly string[] => {
  if (checks.length === 0) return [];
  const rows = checks.map((check) => [
    stateOf(check).toUpperCase(),
    check.kind,
    check.subject,
    check.advice === "" ? check.message : `${check.message}\ntry: ${check.advice}`,
  ]);
  return tableText(["state", "kind", "subject", "what"], rows)
    .split("\n")
    .map((line) => `  ${line}`.trimEnd());
};
