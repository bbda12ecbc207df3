import type { Backup } from "../../model/backup.ts";
import type { Checkpoint } from "../../model/vm.ts";
import { Instant, type Resource, apiPath } from "../resource.ts";
import { linksOf, stubOf } from "./links.ts";
import { snapshotHref } from "./snapshot.ts";

const shownFrom: readonly Backup["phase"][] = ["ready", "finalizing", "succeeded"];

/** `/vms/ID/backups`; `to_checkpoint_id` is there from `ready` on. */
export const backupResource = (backup: Backup): Resource => {
  const href = `${apiPath}/vms/${backup.vmId}/backups/${backup.id}`;
  return {
    element: "backup",
    id: backup.id,
    href,
    actions: linksOf(href, ["finalize"]),
    fields: {
      phase: backup.phase,
      description: backup.description === "" ? undefined : backup.description,
      creation_date: new Instant(backup.createdMs),
      from_checkpoint_id: backup.fromCheckpointId,
      to_checkpoint_id: shownFrom.includes(backup.phase) ? backup.toCheckpointId : undefined,
      vm: stubOf("vm", "vms", backup.vmId),
      host: stubOf("host", "hosts", backup.hostId),
      snapshot:
        backup.snapshotId === undefined
          ? undefined
          : {
              element: "snapshot",
              id: backup.snapshotId,
              href: snapshotHref(backup.vmId, backup.snapshotId),
              fields: {},
            },
    },
    links: linksOf(href, ["disks"]),
  };
};

/** `/vms/ID/checkpoints` */
export const checkpointResource = (vmId: string, checkpoint: Checkpoint): Resource => {
  const href = `${apiPath}/vms/${vmId}/checkpoints/${checkpoint.id}`;
  return {
    element: "checkpoint",
    id: checkpoint.id,
    href,
    fields: {
      parent_id: checkpoint.parentId,
      description: checkpoint.description === "" ? undefined : checkpoint.description,
      creation_date: new Instant(checkpoint.createdMs),
      state: checkpoint.state,
      vm: stubOf("vm", "vms", vmId),
    },
    links: linksOf(href, ["disks"]),
  };
};
