import { hostname } from "node:os";
import { type Clock, systemClock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { parseChunkSize } from "@holdfast/shared/format/chunk-size";
import { type RandomBytes, systemRandom } from "@holdfast/shared/ids/ids";
import { Semaphore } from "@holdfast/shared/lifecycle/bounded";
import type { Logger } from "@holdfast/shared/logging/logger";
import { serverCredentials } from "@holdfast/shared/rpc/credentials";
import { serveService } from "@holdfast/shared/rpc/implementation";
import { openRpcServer, type RpcServer } from "@holdfast/shared/rpc/server";
import { keepRenewed } from "@holdfast/shared/identity/keep-renewed";
import type { OpenMembership } from "@holdfast/shared/identity/open-membership";
import { StreamSlots } from "@holdfast/shared/rpc/stream-slots";
import { RepositoryService } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { Catalog } from "../catalog/catalog.ts";
import type { CatalogPoint } from "../catalog/catalog-point.ts";
import { Collector } from "../collection/collector.ts";
import { KnownDamage } from "../catalog/known-damage.ts";
import { PointDecisions } from "../catalog/point-decisions.ts";
import { ReadAhead } from "../readings/read-ahead.ts";
import { Readings } from "../readings/reading.ts";
import { Authorizer } from "../service/authorize.ts";
import type { ServiceDeps } from "../service/deps.ts";
import { repositoryCalls } from "../service/repository-service.ts";
import { surroundingsOf } from "./surroundings.ts";
import { Room } from "../service/room.ts";
import { toLocationText } from "../store/store-location.ts";
import { createRepository, openRepositoryStore } from "../store/open-repository-store.ts";
import type { RepositoryFacts, RepositoryStore } from "../store/repository-store.ts";
import { StoreMetrics } from "../store/wrappers/metered-store.ts";
import { BaseChecks } from "../uploads/base-checks.ts";
import { Uploads } from "../uploads/uploads.ts";
import { openRepositoryMembership } from "./repository-membership.ts";
import { FoundDamage } from "../verification/found-damage.ts";
import { keepVerified } from "../verification/keep-verified.ts";
import { Verification } from "../verification/verification.ts";
import { VerifiedPacks } from "../verification/verified-packs.ts";
import { StatisticsKeeper } from "../statistics/statistics-keeper.ts";
import { keepGuard } from "./keep-guard.ts";
import { keepLocked } from "./keep-locked.ts";
import { watchOwnership } from "./ownership-watch.ts";
import { reserveOf, retentionSettings } from "./retention-settings.ts";
import { locationOf, type ServerConfig } from "./server-config.ts";
import { isVacant } from "./vacant-location.ts";

/** What a server takes from outside. */
export interface ServerDeps {
  readonly log: Logger;
  readonly clock?: Clock;
  readonly random?: RandomBytes;
}

/** A repository that is served. Disposing it takes no new calls, ends uploads and readings, then closes the store. */
export interface RepositoryServer extends AsyncDisposable {
  /** Where clients dial it. */
  readonly address: string;
  readonly facts: RepositoryFacts;
  /** Whom it belongs to, and with what. */
  readonly opened: OpenMembership;
  /** Rejects when it may serve no more: REPOSITORY_NOT_OWNED, or IDENTITY_REVOKED. */
  readonly lost: Promise<never>;
}

const mebibyte = 1024 * 1024;
/** Bytes that readers may hold beyond the record that each is sending (L1). */
const readAheadBytes = 32 * mebibyte;
/** Commits whose manifests are in memory at once. */
const manifestsAtOnce = 4;

/** Owns the repository of the configuration, making it first when that is wanted, and serves it. */
export const openRepositoryServer = async (
  config: ServerConfig,
  deps: ServerDeps,
  signal?: AbortSignal,
): Promise<RepositoryServer> => {
  const { log, clock = systemClock, random = systemRandom } = deps;
  const { installationId } = config;
  const location = locationOf(config);
  if (config.create && (await isVacant(location))) {
    const chunkSize = parseChunkSize(config.chunkSize);
    const made = await createRepository(location, { chunkSize, installationId, clock, random });
    log.info("repository made", { repository: made.repositoryId, location: toLocationText(location) });
  }
  await using opened = new AsyncDisposableStack();
  const owner = `${hostname()} pid ${process.pid}`;
  const { indexPath, ingestThreads, packTargetBytes } = config;
  const { immutabilityMs } = retentionSettings(config);
  const guard = { immutabilityMs, reserve: reserveOf(config, random) };
  const counted = { storeMetrics: new StoreMetrics(), startedMs: clock.nowMs() };
  const indexing = { indexPath, ingestThreads, packTargetBytes };
  const storeOptions = { ...indexing, owner, clock, random, metrics: counted.storeMetrics, ...guard };
  const store = opened.use(await openRepositoryStore(location, storeOptions, signal));
  const membership = await openRepositoryMembership(config, store.facts, { clock, log, signal });
  const service = await createServiceDeps(store, config, { log, clock, random, membership, ...counted });
  // Before the store is closed, and after the calls are over, a collection is.
  opened.use(service.collector);
  opened.use(service.foundDamage);
  const server = opened.use(await serve(config, service, { log, clock, membership }));
  const watch = opened.use(watchOwnership(store, clock));
  opened.use(keepGuard(store, { clock, log }));
  opened.use(keepLocked(store, { catalog: service.catalog, immutabilityMs, clock, log }));
  opened.use(keepVerified({ ...service, withinDays: config.verifyWithinDays }));
  const renewal = opened.use(stayRenewed(membership, { log, clock }));
  const lost = Promise.race([watch.lost, renewal.failed]).catch((caught: unknown) => {
    log.error("serving has to end", { err: caught });
    server.setServing(false);
    service.uploads.endAll(HoldfastError.from(caught));
    throw caught;
  });
  lost.catch(() => undefined);
  log.info("repository served", { repository: store.facts.repositoryId, epoch: store.epoch, address: server.address });
  const close = opened.move();
  return {
    address: server.address,
    facts: store.facts,
    opened: membership,
    lost,
    [Symbol.asyncDispose]: () => close.disposeAsync(),
  };
};

type Counted = Pick<ServiceDeps, "storeMetrics" | "startedMs">;

interface Belonging {
  readonly membership: OpenMembership;
}

/** Serves callers with a certificate of the installation; whoever is revoked loses its calls at once. */
const serve = async (
  config: ServerConfig,
  service: ServiceDeps & { readonly authorizer: Authorizer },
  { log, clock, membership }: Omit<Required<ServerDeps>, "random"> & Belonging,
): Promise<RpcServer> => {
  const { trust, holder } = membership;
  const server = await openRpcServer({
    listen: config.listen,
    credentials: serverCredentials(holder, { asksForCertificates: true }),
    services: [serveService(RepositoryService, repositoryCalls(service))],
    admit: service.authorizer.admit,
    log,
    clock,
  });
  trust.onChanged(({ number }) => {
    const reason = new HoldfastError("IDENTITY_REVOKED", `the caller was revoked by trust bundle ${number}`);
    server.endCalls(({ keyId }) => trust.isRevoked(keyId), reason);
  });
  return server;
};

/** Renews the certificate until it is disposed of. `failed` rejects when the certificate was taken back. */
const stayRenewed = (
  membership: OpenMembership,
  deps: Pick<Required<ServerDeps>, "log" | "clock">,
): AsyncDisposable & { readonly failed: Promise<never> } => {
  const stop = new AbortController();
  const renewing = keepRenewed(membership, deps, stop.signal);
  const failed = new Promise<never>((_, reject) => {
    renewing.catch(reject);
  });
  failed.catch(() => undefined);
  return {
    failed,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await renewing.catch(() => undefined);
    },
  };
};

const createServiceDeps = async (
  store: RepositoryStore,
  config: ServerConfig,
  { log, clock, random, membership, ...counted }: Required<ServerDeps> & Belonging & Counted,
): Promise<ServiceDeps & { readonly authorizer: Authorizer }> => {
  const { trust, holder } = membership;
  const silenceMs = config.silenceMinutes * 60_000;
  const catalog = await Catalog.load(store);
  for (const [point, err] of catalog.unreadable) log.error("point cannot be read", { point, err });
  const damage = await KnownDamage.load(store, catalog);
  const slots = new StreamSlots();
  const packs = await VerifiedPacks.load(store.verified);
  const uploads = new Uploads({ clock, random, log, silenceMs });
  const readings = new Readings({ clock, random, silenceMs });
  const decisions = new PointDecisions({ store, catalog, settings: retentionSettings(config), log });
  const isGone = (point: CatalogPoint): boolean => decisions.standingOf(point).state === "gone";
  const suspended = (): string | undefined => {
    const { allowed, why } = store.guardedClock.deletionAllowed();
    return allowed ? undefined : why;
  };
  return {
    store,
    catalog,
    decisions,
    damage,
    verification: new Verification({ store, catalog, damage, slots, packs, clock, log }),
    foundDamage: new FoundDamage({ store, catalog, damage, clock, log }),
    statistics: new StatisticsKeeper({ store, catalog, clock }),
    verifyWithinDays: config.verifyWithinDays,
    uploads,
    bases: new BaseChecks({ store, catalog, damage, clock, log }),
    readings,
    collector: new Collector({ store, catalog, uploads, readings, isGone, suspended, log }),
    room: new Room(store, config),
    trust,
    holder,
    authorizer: new Authorizer({ trust, repositoryId: store.facts.repositoryId, clock, log }),
    surroundings: surroundingsOf(config, membership),
    slots,
    readAhead: new ReadAhead(readAheadBytes),
    manifests: new Semaphore(manifestsAtOnce),
    ...counted,
    clock,
    log,
  };
};
