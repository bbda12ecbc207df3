import type { IdentityHolder } from "@holdfast/shared/identity/identity";
import type { TrustKeeper } from "@holdfast/shared/identity/trust-keeper";
import type { Clock } from "@holdfast/shared/clock/clock";
import type { Logger } from "@holdfast/shared/logging/logger";
import type { StreamSlots } from "@holdfast/shared/rpc/stream-slots";
import type { Semaphore } from "@holdfast/shared/lifecycle/bounded";
import type { Catalog } from "../catalog/catalog.ts";
import type { Collector } from "../collection/collector.ts";
import type { KnownDamage } from "../catalog/known-damage.ts";
import type { PointDecisions } from "../catalog/point-decisions.ts";
import type { ReadAhead } from "../readings/read-ahead.ts";
import type { Readings } from "../readings/reading.ts";
import type { RepositoryStore } from "../store/repository-store.ts";
import type { StoreMetrics } from "../store/wrappers/metered-store.ts";
import type { BaseChecks } from "../uploads/base-checks.ts";
import type { Uploads } from "../uploads/uploads.ts";
import type { ServerSurroundings } from "../doctor/server-surroundings.ts";
import type { Authorizer } from "./authorize.ts";
import type { FoundDamage } from "../verification/found-damage.ts";
import type { StatisticsKeeper } from "../statistics/statistics-keeper.ts";
import type { Verification } from "../verification/verification.ts";
import type { Room } from "./room.ts";

/** What the calls of the service share. */
export interface ServiceDeps {
  readonly store: RepositoryStore;
  readonly catalog: Catalog;
  readonly decisions: PointDecisions;
  readonly damage: KnownDamage;
  readonly uploads: Uploads;
  readonly bases: BaseChecks;
  readonly readings: Readings;
  readonly room: Room;
  readonly collector: Collector;
  readonly trust: TrustKeeper;
  readonly holder: IdentityHolder;
  readonly authorizer: Pick<Authorizer, "permissionOf">;
  readonly surroundings: ServerSurroundings;
  readonly verification: Verification;
  readonly foundDamage: FoundDamage;
  readonly statistics: StatisticsKeeper;
  /** Days within which the server reads everything back by itself; 0 for never. */
  readonly verifyWithinDays: number;
  /** Data streams that are granted at once (R7). */
  readonly slots: StreamSlots;
  readonly readAhead: ReadAhead;
  /** Manifests that are held in memory at once. */
  readonly manifests: Semaphore;
  /** What the store's calls came to. */
  readonly storeMetrics: StoreMetrics;
  /** When they began to be counted. */
  readonly startedMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}
