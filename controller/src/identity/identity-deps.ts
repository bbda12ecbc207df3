import type { Clock } from "@holdfast/shared/clock/clock";
import type { IdentityHolder } from "@holdfast/shared/identity/identity";
import type { RandomBytes } from "@holdfast/shared/ids/ids";
import type { Logger } from "@holdfast/shared/logging/logger";
import type { Database } from "../database/database.ts";
import type { Authority } from "./authority.ts";
import type { MemberRegistry } from "./member-registry.ts";
import type { TrustPush } from "./trust-push.ts";

/** Where joiners and members find the installation. */
export interface Whereabouts {
  /** The controller's API. */
  readonly controllers: readonly string[];
  readonly busServers: readonly string[];
}

/** What inviting, enrolling, renewing and revoking need. */
export interface IdentityDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Logger;
  readonly authority: Authority;
  readonly members: MemberRegistry;
  readonly push: TrustPush;
  /** Asked at each use: a port may be known only once the server listens. */
  readonly whereabouts: () => Whereabouts;
  /** The controller's own identity, and the folder that it is kept in. */
  readonly holder: IdentityHolder;
  readonly folder: string;
  /** Life of members' certificates. */
  readonly certificateLifeMs: number;
}
