import type { Bus } from "@holdfast/shared/bus/bus";
import { systemClock } from "@holdfast/shared/clock/clock";
import { systemRandom } from "@holdfast/shared/ids/ids";
import type { Installation } from "@holdfast/shared/installation/open-installation";
import type { Logger } from "@holdfast/shared/logging/logger";
import type { Database } from "../database/database.ts";
import type { IdentityDeps } from "../identity/identity-deps.ts";
import { type OpenIdentity, openIdentity } from "../identity/open-identity.ts";
import { createLearnRevocations } from "../identity/learn-revocations.ts";
import { createTrustPush } from "../identity/trust-push.ts";
import type { RepositoryConnection } from "../repositories/repository-connection.ts";

/** The identity part of a controller, over a real installation. */
export interface TestIdentity extends OpenIdentity, AsyncDisposable {
  readonly deps: IdentityDeps;
}

interface TestIdentityParts {
  readonly installation: Installation;
  readonly database: Database;
  /** In the servers' own account. */
  readonly systemBus: Bus;
  readonly log: Logger;
  readonly clock?: IdentityDeps["clock"];
  readonly repositories?: () => readonly RepositoryConnection[];
}

/** Opens it. Joiners are told of one controller that is nowhere. */
export const openTestIdentity = async (parts: TestIdentityParts): Promise<TestIdentity> => {
  const { installation, database, systemBus, log, clock = systemClock, repositories = () => [] } = parts;
  const random = systemRandom;
  const opened = await openIdentity({ installation, database, clock, random });
  const { authority, members, holder } = opened;
  const push = createTrustPush({
    authority,
    systemBus,
    repositories,
    learn: createLearnRevocations({ authority, members, log }),
    log,
  });
  const deps: IdentityDeps = {
    database,
    clock,
    random,
    log,
    authority,
    members,
    push,
    holder,
    folder: installation.files.folder,
    whereabouts: () => ({ controllers: ["127.0.0.1:1"], busServers: ["tls://127.0.0.1:1"] }),
    certificateLifeMs: 86_400_000,
  };
  return { ...opened, deps, [Symbol.asyncDispose]: () => push[Symbol.asyncDispose]() };
};
