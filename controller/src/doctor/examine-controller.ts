import { type Check, toCheck } from "@holdfast/shared/doctor/check";
import { examineProcess } from "@holdfast/shared/doctor/examine-process";
import { type Finding, toFinding } from "@holdfast/shared/doctor/finding";
import { busTargets } from "@holdfast/shared/doctor/own-targets";
import { versionFinding } from "@holdfast/shared/doctor/version-finding";
import { configurationFindings } from "../configurations/configuration-findings.ts";
import type { DoctorDeps, ExamineLimits } from "./doctor-deps.ts";
import { managerFindings } from "./manager-findings.ts";
import { targetsOfController } from "./targets.ts";

/** What the controller finds when it looks at itself and around itself. */
export const examineController = async (
  deps: DoctorDeps,
  { timeoutMs, signal }: ExamineLimits,
): Promise<readonly Check[]> => {
  const { clock, managers, repositories, identity, folders, busServers, version } = deps;
  const engines = await deps.engines(signal);
  const around = await examineProcess(
    {
      identity: identity.holder.current,
      folders,
      targets: [...busTargets(busServers), ...targetsOfController({ engines, repositories: repositories.list() })],
      clock,
    },
    AbortSignal.any([signal, clock.timeout(timeoutMs)]),
  );
  signal.throwIfAborted();
  const findings = [
    versionFinding(version, version),
    busFinding(deps.bus.state),
    ...absentMembers(deps),
    ...(await backupFindings(deps)),
    ...managers.list().flatMap((manager) => managerFindings(manager, clock.nowMs())),
    ...around,
  ];
  return findings.map((finding) => toCheck({ role: "controller", name: "controller" }, finding));
};

const backupFindings = async ({ configurations, clock }: DoctorDeps): Promise<readonly Finding[]> => {
  const record = await configurations.recovery();
  return configurationFindings(record !== undefined, await configurations.standings(), clock.nowMs());
};

const busFinding = (state: DoctorDeps["bus"]["state"]): Finding => {
  const what = { kind: "bus", subject: "connection to the bus" } as const;
  if (state === "connected") return toFinding({ ...what, message: "connected" });
  return toFinding({
    ...what,
    state: "error",
    message: state,
    advice: "start nats-server with the configuration of this installation; agents get no work until then",
  });
};

/** Members that joined and then never said anything. */
const absentMembers = ({ identity, agents }: DoctorDeps): readonly Finding[] =>
  identity.members
    .list()
    .filter(({ role, id, revokedMs, workerId }) => {
      return role === "agent" && revokedMs === null && workerId === "" && agents.find(id) === undefined;
    })
    .map(({ name }) =>
      toFinding({
        kind: "hello",
        subject: `agent ${name}`,
        state: "warning",
        message: "joined, and has never said hello",
        advice: "see in its log whether it reaches the bus; revoke it when it is gone for good",
      }),
    );
