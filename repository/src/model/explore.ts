/** One thing that can happen in a state, and the state after it. */
export interface Step<State> {
  readonly event: string;
  readonly state: State;
}

/** What the explorer walks: the states that follow a state, and what must hold in each. */
export interface Model<State> {
  readonly initial: State;
  readonly next: (state: State) => readonly Step<State>[];
  /** What is broken in the state, in words; nothing when all invariants hold. */
  readonly violation: (state: State) => string | undefined;
  /** Equal keys are equal states. */
  readonly keyOf: (state: State) => string;
}

/** What exhausting a model found: all its states are sound, or the shortest way to one that is not. */
export type Exploration =
  | { readonly kind: "sound"; readonly states: number }
  | { readonly kind: "broken"; readonly violation: string; readonly trace: readonly string[]; readonly states: number };

interface Visit<State> {
  readonly state: State;
  readonly event: string;
  readonly from: Visit<State> | undefined;
}

/** Visits every reachable state, breadth first, so that a trace to a broken one is as short as can be. */
export const explore = <State>(model: Model<State>): Exploration => {
  const seen = new Set([model.keyOf(model.initial)]);
  const queue: Visit<State>[] = [{ state: model.initial, event: "", from: undefined }];
  // The queue grows while it is walked.
  for (const visit of queue) {
    const violation = model.violation(visit.state);
    if (violation !== undefined) return { kind: "broken", violation, trace: traceOf(visit), states: seen.size };
    for (const { event, state } of model.next(visit.state)) {
      const key = model.keyOf(state);
      if (!seen.has(key)) queue.push({ state, event, from: visit });
      seen.add(key);
    }
  }
  return { kind: "sound", states: seen.size };
};

const traceOf = <State>(visit: Visit<State>): string[] => {
  const trace: string[] = [];
  for (let at: Visit<State> | undefined = visit; at?.from; at = at.from) trace.unshift(at.event);
  return trace;
};
