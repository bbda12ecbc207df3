import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { CapturePolicy } from "../capture/capture-policy.ts";
import { type Examination, examineVm } from "../capture/examine-vm.ts";
import { disksToCapture } from "../capture/plan-disks.ts";
import type { WholeRead } from "../capture/whole-read.ts";
import { trackingLiedMs } from "../database/tracking-lies-table.ts";
import type { RepositoryConnection } from "../repositories/repository-connection.ts";
import type { WorkDeps } from "../sessions/work-deps.ts";
import type { ManagerRecord } from "../inventory/manager.ts";
import { findBase } from "./base-point.ts";
import { isDoubted } from "./is-doubted.ts";
import { presentVersion } from "./present-version.ts";

/** Which VM to look at, for which repository. */
export interface ExamineWish {
  readonly managerId: string;
  readonly engineInstanceId: string;
  readonly vmId: string;
  readonly repositoryId: string;
  readonly excludedDiskIds: readonly string[];
  readonly distrustTracking: boolean;
  readonly wholeRead?: WholeRead | undefined;
  /** See `ExamineRequest.ownCaptureId`. */
  readonly ownCaptureId?: string;
  readonly capture: CapturePolicy;
}

/** Preflight of one VM: the repository takes uploads, the VM is fit, every disk has a mode with a reason. Changes nothing. */
export const examineForBackup = async (
  deps: Pick<WorkDeps, "managers" | "repositories" | "database" | "installationId" | "settings">,
  wish: ExamineWish,
  signal: AbortSignal,
): Promise<Examination> => {
  const repository = await takesUploads(deps, wish.repositoryId, signal);
  const { hypervisor, record } = usableManager(deps, wish.managerId);
  refuseFormerEngine(record, wish);
  const base = await findBase(repository, wish, signal);
  const examination = await examineVm(
    { hypervisor },
    {
      vmId: wish.vmId,
      base,
      excludedDiskIds: new Set(wish.excludedDiskIds),
      distrustTracking: wish.distrustTracking,
      installationId: deps.installationId,
      ...(wish.ownCaptureId === undefined ? {} : { ownCaptureId: wish.ownCaptureId }),
      headroom: deps.settings.headroom,
      policy: wish.capture,
      engineVersion: await presentVersion({ record, hypervisor }, signal),
      doubtsCheckpoint: base !== undefined && (await isDoubted(deps, wish.managerId, base)),
      hasLiedSince: base !== undefined && (await trackingLiedMs(deps.database.queries, wish)) > base.capturedMs,
      wholeRead: wish.wholeRead,
    },
    signal,
  );
  if (disksToCapture(examination.plan).length === 0) {
    throw new HoldfastError(
      "NOTHING_TO_BACK_UP",
      `vm ${examination.vm.name} has no disk that can be or is chosen to be backed up`,
    );
  }
  return examination;
};

/** A repository that takes uploads now, with its keys as they are now; REPOSITORY_FULL, KEY_MISSING. */
export const takesUploads = async (
  { repositories }: Pick<WorkDeps, "repositories">,
  repositoryId: string,
  signal: AbortSignal,
): Promise<RepositoryConnection> => {
  const repository = repositories.get(repositoryId);
  const described = await repository.describe(signal);
  if (described.refusesUploads !== "") {
    throw new HoldfastError(
      "REPOSITORY_FULL",
      `repository ${repository.name} refuses uploads: ${described.refusesUploads}`,
    );
  }
  await repositories.keys.refresh(repository, described, signal);
  return repository;
};

/** What was asked of an engine is not done on its successor: their VMs are not the same (R3). */
const refuseFormerEngine = (
  { name, engineInstanceId }: Pick<ManagerRecord, "name" | "engineInstanceId">,
  wish: Pick<ExamineWish, "engineInstanceId" | "vmId">,
): void => {
  if (wish.engineInstanceId === engineInstanceId) return;
  const message = `vm ${wish.vmId} was asked for when manager ${name} was engine ${wish.engineInstanceId}; now it is ${engineInstanceId}`;
  throw new HoldfastError("MANAGER_REPLACED", message);
};

/** A manager that may be asked; ENGINE_CREDENTIALS_REFUSED or MANAGER_REPLACED while an operator has to act (R14). */
export const usableManager = (
  deps: Pick<WorkDeps, "managers">,
  managerId: string,
): ReturnType<WorkDeps["managers"]["get"]> => {
  const manager = deps.managers.get(managerId);
  const { state, reason } = manager.condition;
  if (state !== "credentials-refused" && state !== "replaced") return manager;
  const code = state === "replaced" ? "MANAGER_REPLACED" : "ENGINE_CREDENTIALS_REFUSED";
  throw new HoldfastError(code, `manager ${manager.record.name}: ${reason}`);
};
