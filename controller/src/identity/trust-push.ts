import { claimsUpdateSubject } from "@holdfast/shared/bus/bus-accounts";
import type { Bus } from "@holdfast/shared/bus/bus";
import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";
import type { Logger } from "@holdfast/shared/logging/logger";
import { z } from "zod";
import type { RepositoryConnection } from "../repositories/repository-connection.ts";
import type { Authority } from "./authority.ts";

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
  readonly log: Logger;
}

const answerMs = 5_000;

/** Begins with nobody known to know anything: servers of the bus and repositories are told after each start. */
export const createTrustPush = ({ authority, systemBus, repositories, log }: PushDeps): TrustPush => {
  const { trust } = authority;
  const told = new Map<string, number>();
  let busKnows = -1;
  const failing = new Set<string>();
  /** Repositories that have seen more than this controller knows: it was put back, and must take nothing back on the bus. */
  const ahead = new Set<string>();
  let hasAsked = false;
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
    if (ahead.size > 0)
      throw new HoldfastError(
        "CONTROLLER_OUTDATED",
        "a repository has seen later revocations: the bus keeps what it knows",
      );
    const { number } = trust.current;
    await updateAccount(systemBus, await authority.signBusAccount(), signal);
    busKnows = Math.max(busKnows, number);
  };
  const tellRepository = async (repository: RepositoryConnection, signal: AbortSignal): Promise<void> => {
    try {
      told.set(repository.repositoryId, await repository.updateTrust(trust.signed, signal));
      ahead.delete(repository.repositoryId);
    } catch (caught) {
      if (hasCode(caught, "CONTROLLER_OUTDATED")) ahead.add(repository.repositoryId);
      throw caught;
    }
  };
  // A server that comes back may be another, or have lost what it was told.
  const forget = systemBus.onState((state) => {
    if (state !== "connected") return;
    busKnows = -1;
    if (hasAsked) void attempt("bus", () => tellBus(stopping.signal));
  });
  return {
    tell: async (signal) => {
      const { number } = trust.current;
      const unknowing = repositories().filter(({ repositoryId }) => (told.get(repositoryId) ?? -1) < number);
      const repositoriesTold = Promise.all(
        unknowing.map((one) => attempt(`repository ${one.name}`, () => tellRepository(one, signal))),
      );
      // At first the repositories are heard: an account signed by a controller that was put back would let the revoked in again.
      if (!hasAsked) await repositoriesTold;
      hasAsked = true;
      const telling = busKnows < number ? attempt("bus", () => tellBus(signal)) : undefined;
      await Promise.all([repositoriesTold, telling]);
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
