import { present } from "../harness/operator.ts";
import type { Stage } from "../harness/stage.ts";
import { type FaultedCall, imageioCalls, toMatch } from "./fault-case.ts";
import { type MatrixVm, backUpWell, writeSomething } from "./matrix-vm.ts";

type Prepare = (vm: MatrixVm) => Promise<void>;

/**
 * Every distinct call of the engine and of imageio that a session of this VM makes, log-in included, in the order of their names: of all
 * routes that were asked for during one session, those that the next one asks for in its own name.
 */
export const recordCalls = async (stage: Stage, vm: MatrixVm, prepare: Prepare): Promise<readonly FaultedCall[]> => {
  const { control } = stage.lab;
  await control.resetCounters();
  await backUpOnce(stage, vm, prepare, 1);
  const { calls } = await control.counters();
  const engine = Object.keys(calls)
    .sort()
    .map((call): FaultedCall => ({ call }));

  const rules = new Map<number, FaultedCall>();
  for (const at of [...engine, ...imageioCalls])
    rules.set(await control.rules.add({ match: toMatch(at, vm), what: { kind: "delay", ms: 0 } }), at);
  await backUpOnce(stage, vm, prepare, 2);
  const asked = (await control.rules.list()).filter(({ seen }) => seen > 0);
  await control.rules.clear();
  return asked.map(({ id }) => present(rules.get(id)));
};

const backUpOnce = async (stage: Stage, vm: MatrixVm, prepare: Prepare, round: number): Promise<void> => {
  await prepare(vm);
  await stage.lab.control.expireTokens();
  await writeSomething(stage, vm, round);
  await backUpWell(stage, vm);
};
