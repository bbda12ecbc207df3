import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { fromOpeningKeys, fromSealingKeys } from "@holdfast/shared/keys/keys-message";
import { takesUploads } from "../backups/examine.ts";
import { askFence } from "../backups/ask-fence.ts";
import type { TaskChange } from "../database/tasks-table.ts";
import type { PointWithManifest } from "../repositories/repository-connection.ts";
import type { Orders, TaskAndSession, TaskWork, Try } from "../sessions/task-work.ts";
import type { CopyScope } from "../sessions/task-scope.ts";
import type { Task } from "../sessions/task.ts";
import type { WorkDeps } from "../sessions/work-deps.ts";
import { type PreparedCopy, parsePreparedCopy } from "./prepared-copy.ts";

/** Copies: an agent reads a point of one repository and writes it into another one. No engine has a part in it. */
export const createCopyWork = (deps: WorkDeps): TaskWork => ({
  preflight: (what, signal) => preflight(deps, what, signal),
  prepare: async ({ task }, signal) => ({ prepared: await prepare(deps, task, signal), change: {} }),
  orders: (what) => orders(deps, what),
  openable: ({ attempt }, diskId) => {
    throw new HoldfastError("NOT_FOUND", `attempt ${attempt.attemptId} copies a point: it has no disk ${diskId}`);
  },
  verdict: (what, signal) => askFence(deps, what, signal),
  settle: () => Promise.resolve({ kind: "clean", remarks: [] }),
});

const preflight = async (deps: WorkDeps, { task }: TaskAndSession, signal: AbortSignal): Promise<TaskChange> => {
  await takesUploads(deps, task.repositoryId, signal);
  await findSource(deps, copyScopeOf(task), signal);
  return {};
};

/** What the copy will say is read when its attempt begins: a manifest never changes, but the point may be gone by then. */
const prepare = async (deps: WorkDeps, task: Task, signal: AbortSignal): Promise<PreparedCopy> => {
  const scope = copyScopeOf(task);
  const { manifest } = await findSource(deps, scope, signal);
  const source = deps.repositories.get(scope.sourceRepositoryId);
  const { clear, sealed } = await deps.repositories.keys.openManifest(source, manifest, signal);
  return { v: 1, kind: "copy", clear, sealed };
};

/** The point that is copied; POINT_NOT_FOUND also when it was removed: then its content may go at any time. */
const findSource = async (
  deps: WorkDeps,
  { sourceRepositoryId, pointId }: CopyScope,
  signal: AbortSignal,
): Promise<PointWithManifest> => {
  const source = deps.repositories.get(sourceRepositoryId);
  const found = await source.getPoint(pointId, signal);
  if (found.summary.removedMs === 0n) return found;
  throw new HoldfastError("POINT_NOT_FOUND", `point ${pointId} was removed from repository ${source.name}`, {
    details: { point: pointId },
  });
};

const orders = (deps: WorkDeps, what: Try): Orders => {
  const { task, attempt } = what;
  const scope = copyScopeOf(task);
  const { repositories } = deps;
  const { keys } = repositories;
  const source = repositories.get(scope.sourceRepositoryId);
  const target = repositories.get(task.repositoryId);
  const sourceKeys = keys.find(source.repositoryId)?.keys.opening;
  const targetKeys = keys.find(target.repositoryId)?.keys.sealing;
  const { clear, sealed } = parsePreparedCopy(attempt.prepared);
  const origin = { repositoryId: scope.originRepositoryId, pointId: scope.originPointId };
  return {
    case: "copy",
    value: {
      source: { repositoryId: source.repositoryId, address: source.address },
      sourceToken: deps.taskTokens.forCopySource(what, { repositoryId: source.repositoryId, pointId: scope.pointId }),
      ...(sourceKeys === undefined ? {} : { sourceKeys: fromOpeningKeys(sourceKeys) }),
      pointId: scope.pointId,
      target: { repositoryId: target.repositoryId, address: target.address },
      taskToken: deps.taskTokens.forCopy(what, { vmId: scope.vmId, origin }),
      ...(targetKeys === undefined ? {} : { keys: fromSealingKeys(targetKeys) }),
      codec: scope.codec,
      lanes: deps.settings.lanes,
      originRepositoryId: origin.repositoryId,
      originPointId: origin.pointId,
      clearPart: JSON.stringify(clear),
      sealedPart: JSON.stringify(sealed),
    },
  };
};

const copyScopeOf = (task: Task): CopyScope => {
  if (task.scope.kind === "copy") return task.scope;
  throw new Error(`task ${task.taskId} is no copy`);
};
