import { create } from "@bufbuild/protobuf";
import { CheckSchema, type Report, ReportSchema } from "@holdfast/proto/holdfast/doctor/v1/doctor_pb";
import { type Check, stateOf } from "@holdfast/shared/doctor/check";

const roles: readonly string[] = ["controller", "repository", "agent", "cli"];

/** Everything that was looked at, by process, with the worst of it as its state. */
export const toReport = (found: readonly Check[]): Report => {
  const checks = found
    .map((check) => create(CheckSchema, check))
    .sort((left, right) => roles.indexOf(left.role) - roles.indexOf(right.role) || left.name.localeCompare(right.name));
  const states = new Set(checks.map(stateOf));
  const worst = (["error", "warning"] as const).find((state) => states.has(state)) ?? "ok";
  return create(ReportSchema, { state: worst, checks });
};

const exits: Readonly<Record<string, number>> = { ok: 0, warning: 2, error: 1 };

/** As a session's: 0 when all is well, 2 with warnings alone, 1 with an error. */
export const exitOf = ({ state }: Pick<Report, "state">): number => exits[state] ?? 1;
