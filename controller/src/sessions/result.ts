import type { Remark } from "./remark.ts";

/** How something ended (R10). */
export type Result = "success" | "warning" | "failed" | "cancelled";

/** The result of a task that reached its goal: notices are planned, so they leave it a success. */
export const resultOfSuccess = (remarks: readonly Remark[]): Result =>
  remarks.some(({ level }) => level !== "notice") ? "warning" : "success";

const severity = ["success", "warning", "cancelled", "failed"] as const satisfies readonly Result[];

/** The worst of its VMs; a session without any has nothing to be proud of and says so. */
export const worstResult = (results: readonly Result[]): Result => {
  if (results.length === 0) return "failed";
  const worst = Math.max(...results.map((result) => severity.indexOf(result)));
  return severity[worst] ?? "failed";
};
