import { present } from "../harness/operator.ts";
import type { Stage } from "../harness/stage.ts";
import { type FaultedCall, imageioCalls, toRule } from "./fault-case.ts";
import { type MatrixVm, backUpWell, writeSomething } from "./matrix-vm.ts";

/** Calls that anybody's look at the engine makes: they are none of a session. */
const isOfOthers = (route: string): boolean => route === "GET /";

/** Every distinct call of the engine and of imageio that a session of this VM makes, log-in included, in the order of their names. */
export const recordCalls = async (
  stage: Stage,
  vm: MatrixVm,
  prepare: (vm: MatrixVm) => Promise<void>,
): Promise<readonly FaultedCall[]> => {
  const { control } = stage.lab;
  const nothing = { kind: "delay", ms: 0, when: "before" } as const;
  const rules = new Map<number, FaultedCall>();
  for (const at of imageioCalls)
    rules.set(await control.rules.add({ ...toRule({ at, name: "", what: nothing }, vm), which: { every: 1 } }), at);
  await prepare(vm);
  await control.expireTokens();
  await writeSomething(stage, vm, 1);
  await control.resetCounters();
  await backUpWell(stage, vm);
  const { calls } = await control.counters();
  const asked = (await control.rules.list()).filter(({ id, seen }) => rules.has(id) && seen > 0);
  await control.rules.clear();
  const engine = Object.keys(calls)
    .filter((route) => !isOfOthers(route))
    .sort();
  return [...engine.map((call) => ({ call })), ...asked.map(({ id }) => present(rules.get(id)))];
};
