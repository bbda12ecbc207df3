import { claimsUpdateSubject } from "@holdfast/shared/bus/bus-accounts";
import type { Bus } from "@holdfast/shared/bus/bus";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { Logger } from "@holdfast/shared/logging/logger";
import { z } from "zod";
import type { RepositoryConnection } from "../repositories/repository-connection.ts";
import type { Authority } from "./authority.ts";
import type { LearnRevocations } from "./learn-revocations.ts";
import { ToldRepositories } from "./told-repositories.ts";

/** Carries what the authority took back to whoever has to know, until each has answered. */
export interface TrustPush extends AsyncDisposable {
  /** Tells at once whoever does not know yet; what fails is left to the next call. Never rejects. */
  tell(signal: AbortSignal): Promise<void>;
}

interface PushDeps {
  readonly authority: Pick<Authority, "trust" | "signBusAccount">;
  /** A connection in the servers' own account of the bus. */
  readonly systemBus: Bus;
  readonly repositories: () => readonly RepositoryConnection[];
  /** What is done with bundles that say of revocations of which this controller knows nothing. */
  readonly learn: LearnRevocations;
  readonly log: Logger;
}

const answerMs = 5_000;

/** Begins with nobody known to know anything: servers of the bus and repositories are told after each start. */
export const createTrustPush = ({ authority, systemBus, repositories, learn, log }: PushDeps): TrustPush => {
  const { trust } = authority;
  const known = new ToldRepositories(trust, learn);
  let busKnows = -1;
  let hasAsked = false;
  const failing = new Set<string>();
  const stopping = new AbortController();

  const attempt = async (whom: string, tellOne: () => Promise<void>): Promise<void> => {
    try {
      await tellOne();
      if (failing.delete(whom)) log.info("trust was told after all", { to: whom });
    } catch (caught) {
      if (!failing.has(whom) && !stopping.signal.aborted)
        log.warn("trust could not be told yet", { to: whom, err: caught });
      failing.add(whom);
    }
  };
  const tellBus = async (signal: AbortSignal): Promise<void> => {
    if (known.isAnyAhead) throw new HoldfastError("CONTROLLER_OUTDATED", "a repository has seen later revocations");
    const { number } = trust.current;
    await updateAccount(systemBus, await authority.signBusAccount(), signal);
    busKnows = Math.max(busKnows, number);
  };
  // A server that comes back may be another, or have lost what it was told.
  const forget = systemBus.onState((state) => {
    if (state !== "connected") return;
    busKnows = -1;
    if (hasAsked) void attempt("bus", () => tellBus(stopping.signal));
  });
  return {
    tell: async (signal) => {
      const telling = known
        .unknowing(repositories())
        .map((one) => attempt(`repository ${one.name}`, () => known.tell(one, signal)));
      // At first they are heard: an account signed by a controller that was put back would let the revoked in again.
      if (!hasAsked) await Promise.all(telling);
      hasAsked = true;
      if (busKnows < trust.current.number) telling.push(attempt("bus", () => tellBus(signal)));
      await Promise.all(telling);
    },
    [Symbol.asyncDispose]: async () => {
      stopping.abort(new HoldfastError("CANCELLED", "the controller stops"));
      forget();
    },
  };
};

const answerSchema = z.object({
  data: z.object({ code: z.int(), message: z.string().optional() }).optional(),
  error: z.object({ code: z.int().optional(), description: z.string().optional() }).optional(),
});

const updateAccount = async (bus: Bus, accountJwt: string, signal: AbortSignal): Promise<void> => {
  const answer = await bus.request(claimsUpdateSubject, Buffer.from(accountJwt), { timeoutMs: answerMs, signal });
  const { data, error } = answerSchema.parse(JSON.parse(Buffer.from(answer).toString("utf8")));
  if (data?.code === 200) return;
  const why = error?.description ?? data?.message ?? "without a reason";
  throw new HoldfastError("INTERNAL", `the bus did not take the account: ${why}`);
};
