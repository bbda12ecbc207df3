import type { Clock } from "@holdfast/shared/clock/clock";

import { SeededRandom } from "../storage/seeded-random.ts";
import { matchesCall } from "./call-pattern.ts";
import type { FaultRule, ImageioOperation, ListedRule, RuleEffect } from "./fault-rule.ts";

/** A call of the engine as rules look at it. */
export interface EngineCall {
  readonly method: string;
  readonly path: string;
  readonly correlationId: string | undefined;
}

/** A request of imageio as rules look at it. */
export interface ImageioCall {
  readonly operation: ImageioOperation;
  readonly diskId: string | undefined;
  /** Name of the host, or `proxy`. */
  readonly at: string;
}

interface Row {
  readonly id: number;
  readonly rule: FaultRule;
  readonly chance: SeededRandom;
  seen: number;
  hits: number;
}

const isHit = ({ rule: { which }, seen, chance }: Row): boolean => {
  if ("nth" in which) return seen === which.nth;
  if ("every" in which) return seen % which.every === 0;
  if ("from" in which) return seen >= which.from && seen <= (which.to ?? Number.POSITIVE_INFINITY);
  return chance.below(1_000_000) < which.probability * 1_000_000;
};

/** The rules that hold, for all calls of one simulator: the engine's and those of every imageio daemon. */
export class RuleTable {
  #rows: Row[] = [];
  #nextId = 1;
  #released = new AbortController();

  /** Adds a rule, which counts calls from now on; answers its id. */
  add(rule: FaultRule): number {
    const seed = "seed" in rule.which ? rule.which.seed : 0;
    const id = this.#nextId++;
    this.#rows.push({ id, rule, chance: new SeededRandom(seed), seen: 0, hits: 0 });
    return id;
  }

  /** False when there is no such rule. What it holds back now goes on when its delay is over. */
  remove(id: number): boolean {
    const before = this.#rows.length;
    this.#rows = this.#rows.filter((row) => row.id !== id);
    return this.#rows.length < before;
  }

  /** Removes every rule and lets go on what they hold back. */
  clear(): void {
    this.#rows = [];
    this.#released.abort();
    this.#released = new AbortController();
  }

  list(): readonly ListedRule[] {
    return this.#rows.map(({ id, rule, seen, hits }) => ({ id, ...rule, seen, hits }));
  }

  /** Counts a call of the engine; answers what is to happen to it, in the order of the rules. */
  takeCall({ method, path, correlationId }: EngineCall): readonly RuleEffect[] {
    return this.#take(
      ({ match }) =>
        "call" in match &&
        matchesCall(match.call, method, path) &&
        (match.correlationId === undefined ||
          (correlationId !== undefined && new RegExp(match.correlationId).test(correlationId))),
    );
  }

  /** The same for a request of imageio. */
  takeImageio(call: ImageioCall): readonly RuleEffect[] {
    return this.#take(
      ({ match }) =>
        "imageio" in match &&
        (match.imageio === "*" || match.imageio === call.operation) &&
        (match.disk === undefined || match.disk === call.diskId) &&
        (match.at === undefined || match.at === call.at),
    );
  }

  /** Waits for the delays among these effects, until all rules are removed at the latest. */
  async hold(
    effects: readonly RuleEffect[],
    when: "before" | "after",
    wait: { readonly clock: Pick<Clock, "sleep">; readonly signal: AbortSignal },
  ): Promise<void> {
    const { signal: released } = this.#released;
    for (const effect of effects) {
      if (effect.kind !== "delay" || effect.when !== when || released.aborted) continue;
      try {
        await wait.clock.sleep(effect.ms, AbortSignal.any([wait.signal, released]));
      } catch (caught) {
        if (wait.signal.aborted || !released.aborted) throw caught;
      }
    }
  }

  #take(isMatch: (rule: FaultRule) => boolean): readonly RuleEffect[] {
    const effects: RuleEffect[] = [];
    for (const row of this.#rows) {
      if (!isMatch(row.rule)) continue;
      row.seen += 1;
      if (!isHit(row)) continue;
      row.hits += 1;
      effects.push(row.rule.what);
    }
    return effects;
  }
}
