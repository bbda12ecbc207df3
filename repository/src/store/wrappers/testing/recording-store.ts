import type { ObjectStore } from "../../object-store.ts";
import type { AroundCall, StoreVerb } from "../store-call.ts";
import { WrappedStore } from "../wrapped-store.ts";

/** One call of a store, numbered from 0 in the order in which calls began. */
export interface StoreStep {
  readonly number: number;
  readonly verb: StoreVerb;
  readonly name: string;
}

/** Where the world may end: before the storage hears of a step, or after it did and before the caller does. */
export type StepMoment = "before" | "after";

/**
 * Called at both moments of each step; what it throws is what the caller gets, and it may kill the process. A discard that it throws
 * before is not done, silently: disposing fails nobody.
 */
export type AtStep = (step: StoreStep, moment: StepMoment) => void | Promise<void>;

/** The store, and the steps that were taken so far. */
export interface RecordedStore {
  readonly store: ObjectStore;
  readonly steps: readonly StoreStep[];
}

/** Numbers every step by name, so that a crash test can say "die before or after step k". A listing is one step, at its beginning. */
export const recordingStore = (inner: ObjectStore, atStep: AtStep = () => undefined): RecordedStore => {
  const steps: StoreStep[] = [];
  const take = (verb: StoreVerb, name: string): StoreStep => {
    const step = { number: steps.length, verb, name };
    steps.push(step);
    return step;
  };
  const call: AroundCall = async ({ verb, name }, run) => {
    const step = take(verb, name);
    await atStep(step, "before");
    const answer = await run();
    await atStep(step, "after");
    return answer;
  };
  const quietly: AroundCall = async (asked, run) => {
    try {
      return await call(asked, run);
    } catch (caught) {
      if (asked.verb !== "discard") throw caught;
      return undefined as Awaited<ReturnType<typeof run>>;
    }
  };
  const store = new WrappedStore(inner, {
    call: quietly,
    list: async function* (asked, open) {
      const step = take(asked.verb, asked.name);
      await atStep(step, "before");
      yield* open();
      await atStep(step, "after");
    },
  });
  return { store, steps };
};
