import { hostname } from "node:os";
import { type Clock, systemClock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { parseChunkSize } from "@holdfast/shared/format/chunk-size";
import { type RandomBytes, systemRandom } from "@holdfast/shared/ids/ids";
import { Semaphore } from "@holdfast/shared/lifecycle/bounded";
import type { Logger } from "@holdfast/shared/logging/logger";
import { serverCredentials } from "@holdfast/shared/rpc/credentials";
import { serveService } from "@holdfast/shared/rpc/implementation";
import { openRpcServer } from "@holdfast/shared/rpc/server";
import { StreamSlots } from "@holdfast/shared/rpc/stream-slots";
import { RepositoryService } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { Catalog } from "../catalog/catalog.ts";
import { KnownDamage } from "../catalog/known-damage.ts";
import { ReadAhead } from "../readings/read-ahead.ts";
import { Readings } from "../readings/reading.ts";
import type { ServiceDeps } from "../service/deps.ts";
import { repositoryCalls } from "../service/repository-service.ts";
import { Room } from "../service/room.ts";
import { createRepository, openRepositoryStore } from "../store/open-repository-store.ts";
import type { RepositoryFacts, RepositoryStore } from "../store/repository-store.ts";
import { BaseChecks } from "../uploads/base-checks.ts";
import { Uploads } from "../uploads/uploads.ts";
import { isEmptyOrAbsent } from "./empty-directory.ts";
import { watchOwnership } from "./ownership-watch.ts";
import type { ServerConfig } from "./server-config.ts";

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
  /** Rejects with REPOSITORY_NOT_OWNED when another server took the repository over. */
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
  const { directory, installationId } = config;
  if (config.create && (await isEmptyOrAbsent(directory))) {
    const chunkSize = parseChunkSize(config.chunkSize);
    const made = await createRepository(directory, { chunkSize, installationId, clock, random });
    log.info("repository made", { repository: made.repositoryId, directory });
  }
  await using opened = new AsyncDisposableStack();
  const owner = `${hostname()} pid ${process.pid}`;
  const { indexPath, ingestThreads, packTargetBytes } = config;
  const store = opened.use(
    await openRepositoryStore(directory, { indexPath, owner, clock, random, ingestThreads, packTargetBytes }, signal),
  );
  checkInstallation(store, installationId);
  const service = await createServiceDeps(store, config, { log, clock, random });
  const server = opened.use(
    await openRpcServer({
      listen: config.listen,
      credentials: serverCredentials(config.security),
      services: [serveService(RepositoryService, repositoryCalls(service))],
      log,
      clock,
    }),
  );
  const watch = opened.use(watchOwnership(store, clock));
  const lost = watch.lost.catch((caught: unknown) => {
    log.error("ownership lost", { err: caught });
    server.setServing(false);
    service.uploads.endAll(HoldfastError.from(caught));
    throw caught;
  });
  lost.catch(() => undefined);
  log.info("repository served", { repository: store.facts.repositoryId, epoch: store.epoch, address: server.address });
  const close = opened.move();
  return { address: server.address, facts: store.facts, lost, [Symbol.asyncDispose]: () => close.disposeAsync() };
};

const createServiceDeps = async (
  store: RepositoryStore,
  config: ServerConfig,
  { log, clock, random }: Required<ServerDeps>,
): Promise<ServiceDeps> => {
  const silenceMs = config.silenceMinutes * 60_000;
  const catalog = await Catalog.load(store);
  for (const [point, err] of catalog.unreadable) log.error("point cannot be read", { point, err });
  return {
    store,
    catalog,
    damage: await KnownDamage.load(store, catalog),
    uploads: new Uploads({ clock, random, log, silenceMs }),
    bases: new BaseChecks(store),
    readings: new Readings({ clock, random, silenceMs }),
    room: new Room(store, config.lowWaterBytes),
    slots: new StreamSlots(),
    readAhead: new ReadAhead(readAheadBytes),
    manifests: new Semaphore(manifestsAtOnce),
    clock,
    log,
  };
};

const checkInstallation = ({ facts }: RepositoryStore, installationId: string): void => {
  if (installationId === "" || facts.installationId === "" || facts.installationId === installationId) return;
  throw new HoldfastError("REPOSITORY_MISMATCH", `the repository belongs to installation ${facts.installationId}`);
};
