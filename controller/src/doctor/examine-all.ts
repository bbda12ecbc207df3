import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ExaminationSchema } from "@holdfast/proto/holdfast/doctor/v1/doctor_pb";
import type { Check } from "@holdfast/shared/doctor/check";
import { toTargetMessage } from "@holdfast/shared/doctor/target";
import { asTheyCome } from "@holdfast/shared/lifecycle/as-they-come";
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
  return asTheyCome(
    [
      () => examineController(shared, limits),
      ...deps.repositories.list().map((repository) => () => examineRepository(shared, repository, limits)),
      ...deps.agents.list().map((agent) => () => examineAgent(shared, agent, limits)),
    ],
    atOnce,
  );
};
