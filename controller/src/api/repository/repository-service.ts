import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type RepositorySchema,
  RepositoryRegistryService,
  type VerificationCoverageSchema,
} from "@holdfast/proto/holdfast/controller/v1/repository_pb";
import type { VerificationCoverage as Coverage } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { type ServedService, serveService } from "@holdfast/shared/rpc/implementation";
import { listJobs } from "../../database/jobs-table.ts";
import { listOpenTasks } from "../../database/tasks-table.ts";
import type { RepositoryConnection } from "../../repositories/repository-connection.ts";
import type { ApiDeps } from "../api-deps.ts";
import { copyPoints } from "./copy-points.ts";
import { showStatistics } from "./show-statistics.ts";
import { listHurtPoints } from "./list-hurt-points.ts";
import { keyCalls, toProof } from "./key-calls.ts";
import { maintenanceCalls } from "./maintenance-calls.ts";

/** `holdfast.controller.v1.RepositoryRegistryService`. */
export const serveRepositories = (deps: ApiDeps): ServedService =>
  serveService(RepositoryRegistryService, {
    ...keyCalls(deps),
    ...maintenanceCalls(deps),
    addRepository: async ({ name, address, ...given }, { signal }) => {
      checkName(name);
      const added = await deps.repositories.add({ name, address, proof: toProof(given) }, signal);
      deps.log.info("repository added", { repository: added.repositoryId, name, address });
      return { repository: await toRepository(deps, added, signal) };
    },
    listRepositories: async (_request, { signal }) => ({ repositories: await allRepositories(deps, signal) }),
    getRepository: async ({ repository }, { signal }) => ({
      repository: await toRepository(deps, deps.repositories.get(repository), signal),
    }),
    confirmRepositoryClock: async ({ repository }, { signal }) => {
      const found = deps.repositories.get(repository);
      await found.confirmClock(signal);
      deps.log.info("clock of a repository confirmed", { repository: found.repositoryId, name: found.name });
      return { repository: await toRepository(deps, found, signal) };
    },
    copyPoints: (request, { signal }) => copyPoints(deps, request, signal),
    getStatistics: ({ repository, refresh }, { signal }) =>
      showStatistics(deps.repositories.get(repository), refresh, signal),
    listHurtPoints: ({ repository }, { signal }) => listHurtPoints(deps.repositories.get(repository), signal),
    removeRepository: async ({ repository, force }) => {
      await removeRepository(deps, repository, force);
      return {};
    },
  });

const checkName = (name: string): void => {
  if (/^[^\s/][^/]{0,63}$/.test(name)) return;
  throw new HoldfastError("INVALID_ARGUMENT", "a repository needs a name of 1 to 64 characters without /");
};

const allRepositories = (deps: ApiDeps, signal: AbortSignal): Promise<MessageInitShape<typeof RepositorySchema>[]> =>
  Promise.all(deps.repositories.list().map((repository) => toRepository(deps, repository, signal)));

const toCoverage = ({
  readBytes,
  freshBytes,
  overdueBytes,
  oldestMs,
  withinDays,
}: Coverage): MessageInitShape<typeof VerificationCoverageSchema> => ({
  readBytes,
  freshBytes,
  overdueBytes,
  oldestMs,
  withinDays,
});

/** Refused while jobs name it or tasks write to it, unless forced. */
const removeRepository = async (deps: ApiDeps, idOrName: string, force: boolean): Promise<void> => {
  const { repositoryId, name } = deps.repositories.get(idOrName);
  const { queries } = deps.database;
  const jobs = (await listJobs(queries)).filter((job) => job.repositoryId === repositoryId);
  const tasks = (await listOpenTasks(queries)).filter(
    (task) =>
      task.repositoryId === repositoryId ||
      (task.scope.kind === "copy" && task.scope.sourceRepositoryId === repositoryId),
  );
  if (!force && jobs.length > 0) {
    throw new HoldfastError(
      "FAILED_PRECONDITION",
      `jobs name repository ${name}: ${jobs.map((job) => job.name).join(", ")}`,
    );
  }
  if (!force && tasks.length > 0)
    throw new HoldfastError("FAILED_PRECONDITION", `${tasks.length} tasks with repository ${name} are under way`);
  await deps.repositories.remove(repositoryId);
  deps.log.info("repository removed", { repository: repositoryId, name });
};

/** A repository that cannot be asked is shown with the reason. */
const toRepository = async (
  { repositories }: ApiDeps,
  repository: RepositoryConnection,
  signal: AbortSignal,
): Promise<MessageInitShape<typeof RepositorySchema>> => {
  const { repositoryId, name, address } = repository;
  try {
    const described = await repository.describe(signal);
    return {
      repositoryId,
      name,
      address,
      state: described.refusesUploads === "" ? "reachable" : "refusing",
      stateReason: described.refusesUploads,
      chunkSize: described.chunkSize,
      freeBytes: described.freeBytes,
      totalBytes: described.totalBytes,
      storedBytes: described.storedBytes,
      points: described.points,
      epoch: described.epoch,
      formatVersion: described.formatVersion,
      encryption: encryptionOf(described.keyCheck, repositories.keys.find(repositoryId)),
      undeletePeriodMs: described.undeletePeriodMs,
      floor: described.floor,
      immutabilityMs: described.immutabilityMs,
      lowWaterBytes: described.lowWaterBytes,
      reserveBytes: described.reserveBytes,
      clockMs: described.clockMs,
      deletionSuspended: described.deletionSuspended,
      hurtPoints: described.hurtPoints,
      growthBytesPerDay: described.growthBytesPerDay,
      storeCalls: described.storeCalls.map(({ $typeName: _type, ...calls }) => calls),
      storeCallsSinceMs: described.storeCallsSinceMs,
      ...(described.coverage === undefined ? {} : { coverage: toCoverage(described.coverage) }),
    };
  } catch (caught) {
    signal.throwIfAborted();
    const { code, message } = HoldfastError.from(caught);
    if (code === "INTERNAL") throw caught;
    const state = code === "CONTROLLER_OUTDATED" ? "refusing" : "unreachable";
    return { repositoryId, name, address, state, stateReason: message };
  }
};

const encryptionOf = (keyCheck: string, held: unknown): string => {
  if (keyCheck === "") return "";
  return held === undefined ? "locked" : "open";
};
