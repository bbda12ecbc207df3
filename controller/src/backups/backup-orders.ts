import type { SealingKeys } from "@holdfast/shared/format/repository-keys";
import { fromSealingKeys } from "@holdfast/shared/keys/keys-message";
import type { Cluster } from "../hypervisor/inventory.ts";
import type { RepositoryConnection } from "../repositories/repository-connection.ts";
import { openOfAttempt } from "../secrets/attempt-secrets.ts";
import type { SecretBox } from "../secrets/secret-box.ts";
import type { Orders, Try } from "../sessions/task-work.ts";
import type { WorkSettings } from "../sessions/work-settings.ts";
import { readyBackupOf } from "./prepared-backup.ts";

/** What only the controller knows and the manifest says. */
export interface OrderFacts {
  readonly installationId: string;
  readonly managerName: string;
  readonly cluster: Cluster | undefined;
  readonly repository: RepositoryConnection;
  readonly settings: WorkSettings;
  readonly secrets: SecretBox;
  /** What the repository is shown (R12). */
  readonly taskToken: string;
  /** Of an encrypted repository (R12). */
  readonly keys: SealingKeys | undefined;
}

/** The orders of a backup whose capture is ready. */
export const backupOrders = ({ task, session, attempt }: Try, facts: OrderFacts): Orders => {
  if (task.scope.kind !== "backup") throw new Error(`task ${task.taskId} is no backup`);
  const ready = readyBackupOf(attempt.prepared);
  return {
    case: "backup",
    value: {
      repository: { repositoryId: facts.repository.repositoryId, address: facts.repository.address },
      vm: { engineInstanceId: task.engineInstanceId, vmId: task.vmId, name: ready.vmName },
      basePointId: ready.plan.basePointId ?? "",
      disks: ready.plan.disks.map((disk) => ({
        diskId: disk.id,
        alias: disk.alias,
        sizeBytes: BigInt(disk.sizeBytes),
        mode: disk.mode,
        reason: disk.reason,
        format: disk.format,
        interface: disk.interface,
        bootable: disk.bootable,
        active: disk.active,
        checksTracking: disk.checksTracking,
      })),
      codec: task.scope.codec,
      sampleChunks: task.scope.sampleChunks ?? facts.settings.sampleChunks,
      lanes: facts.settings.lanes,
      taskToken: facts.taskToken,
      ...(facts.keys === undefined ? {} : { keys: fromSealingKeys(facts.keys) }),
      context: {
        installationId: facts.installationId,
        jobId: session.jobId,
        jobName: session.jobName,
        sessionId: session.sessionId,
        sessionStartedMs: BigInt(session.startedMs ?? session.createdMs),
        capturedMs: BigInt(ready.capturedMs),
        calendarDay: session.calendarDay,
        checkpointId: ready.checkpointId,
        capture: ready.kind,
        consistency: ready.consistency,
        managerName: facts.managerName,
        clusterName: facts.cluster?.name ?? "",
        ovf: openOfAttempt(facts.secrets, attempt.attemptId, ready.ovf),
        configurationJson: openOfAttempt(facts.secrets, attempt.attemptId, ready.configurationJson),
      },
    },
  };
};
