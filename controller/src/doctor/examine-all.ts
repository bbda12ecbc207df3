import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ExaminationSchema } from "@holdfast/proto/holdfast/doctor/v1/doctor_pb";
import { type Check, type Examined, toCheck } from "@holdfast/shared/doctor/check";
import { toTargetMessage } from "@holdfast/shared/doctor/target";
import { asTheyCome } from "@holdfast/shared/lifecycle/as-they-come";
import { failedAnswer } from "./answer-finding.ts";
import type { DoctorDeps, ExamineLimits } from "./doctor-deps.ts";
import { examineAgent } from "./examine-agent.ts";
import { examineController } from "./examine-controller.ts";
import { examineRepository } from "./examine-repository.ts";
import { targetsOfOperator } from "./targets.ts";

/** What an operator's machine is told to look at. */
export const examinationOfOperator = (
  { clock, version, identity, repositories }: DoctorDeps,
  timeoutMs: number,
): MessageInitShape<typeof ExaminationSchema> => ({
  clockMs: BigInt(clock.nowMs()),
  version,
  trustNumber: identity.authority.trust.current.number,
  targets: targetsOfOperator({ repositories: repositories.list() }).map(toTargetMessage),
  timeoutMs,
});

/** Processes examined at once: most of it is waiting. Each is given all of the time from when its turn comes. */
const atOnce = 128;

/** The checks of the controller, of each repository and of each agent, a process at a time, as they come. */
export const examineAll = (deps: DoctorDeps, limits: ExamineLimits): AsyncGenerator<readonly Check[]> => {
  // Asked of the engines once for all.
  let viewed: ReturnType<DoctorDeps["engines"]> | undefined;
  const shared: DoctorDeps = { ...deps, engines: (signal) => (viewed ??= deps.engines(signal)) };
  const safely = (who: Examined, examine: () => Promise<readonly Check[]>) => () =>
    orItsFailure(deps.log, limits.signal, { who, examine });
  return asTheyCome(
    [
      safely({ role: "controller", name: "controller" }, () => examineController(shared, limits)),
      ...deps.repositories
        .list()
        .map((one) => safely({ role: "repository", name: one.name }, () => examineRepository(shared, one, limits))),
      ...deps.agents
        .list()
        .map((one) => safely({ role: "agent", name: one.name }, () => examineAgent(shared, one, limits))),
    ],
    atOnce,
  );
};

interface OneProcess {
  readonly who: Examined;
  readonly examine: () => Promise<readonly Check[]>;
}

/** What is wrong with examining one process hides nothing of the others. */
const orItsFailure = async (
  log: DoctorDeps["log"],
  signal: AbortSignal,
  { who, examine }: OneProcess,
): Promise<readonly Check[]> => {
  try {
    return await examine();
  } catch (caught) {
    signal.throwIfAborted();
    log.error("an examination failed unexpectedly", { ...who, err: caught });
    return [toCheck(who, failedAnswer(caught, "see in the controller's log what went wrong"))];
  }
};
