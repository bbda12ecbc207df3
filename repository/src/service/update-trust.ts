import type { ServiceDeps } from "./deps.ts";
import type { Calls } from "./types.ts";

/** Takes a newer trust bundle, for good; whom it revokes loses its calls at once. */
export const updateTrust =
  ({ trust, log }: ServiceDeps): Calls["updateTrust"] =>
  async (request) => {
    const before = trust.current.number;
    await trust.accept(request.trust);
    const { number, revoked } = trust.current;
    if (number !== before) log.info("trust bundle taken", { number, revoked: revoked.length });
    return { number, remembers: trust.remembered.length > 0 };
  };
