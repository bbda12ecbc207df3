import type { Clock } from "../clock/clock.ts";
import { HoldfastError } from "../errors/holdfast-error.ts";
import { onAbort } from "../lifecycle/abort.ts";
import type { BusState } from "./bus.ts";

/** The one holder of a bus's state; its callbacks get the state and the one before. */
export interface StateHolder {
  readonly current: BusState;
  /** How many times the connection was lost. */
  readonly losses: number;
  readonly set: (to: BusState) => void;
  readonly onState: (listener: (to: BusState, from: BusState) => void) => () => void;
}

/** A bus is connected at first; closed is final. */
export const createBusState = (): StateHolder => {
  const listeners = new Set<(to: BusState, from: BusState) => void>();
  let current: BusState = "connected";
  let losses = 0;

  return {
    get current() {
      return current;
    },
    get losses() {
      return losses;
    },
    set: (to) => {
      const from = current;
      if (from === to || from === "closed") return;
      current = to;
      if (to === "reconnecting") losses += 1;
      for (const listener of listeners) listener(to, from);
    },
    onState: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
};

/** How long to wait for a state, and what ends the wait. */
export interface WaitLimits {
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
}

/** Resolves when connected; UNAVAILABLE when that takes too long or the bus is closed, else the signal's reason. */
export const untilConnected = async (state: StateHolder, { timeoutMs, clock, signal }: WaitLimits): Promise<void> => {
  if (state.current === "connected") return;

  const outcome = Promise.withResolvers<void>();
  const refuse = (): void => {
    outcome.reject(new HoldfastError("UNAVAILABLE", "the bus is out of reach"));
  };
  const stopListening = state.onState((to) => {
    if (to === "connected") outcome.resolve();
    else if (to === "closed") refuse();
  });
  const cancelTimer = clock.after(state.current === "closed" ? 0 : timeoutMs, refuse);
  const unlink = onAbort(signal, outcome.reject);
  try {
    await outcome.promise;
  } finally {
    stopListening();
    cancelTimer();
    unlink();
  }
};
