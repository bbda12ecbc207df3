import type { HelloResponse } from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";
import type { TrustKeeper } from "@holdfast/shared/identity/trust-keeper";
import type { Logger } from "@holdfast/shared/logging/logger";
import type { Claimer } from "./claimer.ts";
import type { Readiness } from "./readiness.ts";

/** What judging a controller needs. */
export interface StandingDeps {
  readonly trust: Pick<TrustKeeper, "accept">;
  readonly claimer: Pick<Claimer, "setWilling">;
  readonly readiness: Pick<Readiness, "heard">;
  readonly log: Logger;
}

/**
 * Whether the controller that answers can be worked for: its version fits, and it knows every revocation that was seen here. One that
 * cannot gets no claims until that has changed, and each change is one line in the log.
 */
export class Standing {
  readonly #deps: StandingDeps;
  #reason = "";
  #refusal = "";

  constructor(deps: StandingDeps) {
    this.#deps = deps;
  }

  /** Why the controller that answered last is not worked for, in words; empty when it is. */
  get refusal(): string {
    return this.#refusal;
  }

  /** Asks, takes the trust bundle of the answer, and gives the answer; undefined when that controller is not worked for. */
  async judge(ask: () => Promise<HelloResponse>): Promise<HelloResponse | undefined> {
    try {
      const answer = await ask();
      await this.#deps.trust.accept(answer.trust);
      this.#settle(undefined);
      return answer;
    } catch (caught) {
      if (!hasCode(caught, "VERSION_UNSUPPORTED", "CONTROLLER_OUTDATED", "PEER_UNTRUSTED")) throw caught;
      this.#settle(HoldfastError.from(caught));
      return undefined;
    }
  }

  #settle(error: HoldfastError | undefined): void {
    const { claimer, readiness, log } = this.#deps;
    claimer.setWilling(error === undefined);
    readiness.heard(error === undefined);
    this.#refusal = error === undefined ? "" : `${error.code}: ${error.message}`;
    const reason = error?.code ?? "";
    if (reason === this.#reason) return;
    if (error === undefined) log.info("the controller is worked for again", { was: this.#reason });
    else log.error("the controller is not worked for: no task is taken from it", { code: reason, err: error });
    this.#reason = reason;
  }
}
