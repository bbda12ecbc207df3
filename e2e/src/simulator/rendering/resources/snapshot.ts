import type { Snapshot, Vm } from "../../model/vm.ts";
import { Instant, type Resource, apiPath, struct } from "../resource.ts";
import { linksOf, stubOf } from "./links.ts";

/** `href` of a snapshot. */
export const snapshotHref = (vmId: string, snapshotId: string): string =>
  `${apiPath}/vms/${vmId}/snapshots/${snapshotId}`;

/** `/vms/ID/snapshots`; with `ovf` also the saved configuration. */
export const snapshotResource = (vm: Vm, snapshot: Snapshot, ovf?: string): Resource => {
  const href = snapshotHref(vm.id, snapshot.id);
  return {
    element: "snapshot",
    id: snapshot.id,
    href,
    fields: {
      description: snapshot.description,
      snapshot_type: snapshot.type,
      snapshot_status: isPreviewed(vm, snapshot) ? "in_preview" : snapshot.status,
      persist_memorystate: snapshot.memory,
      date: new Instant(snapshot.createdMs),
      vm: stubOf("vm", "vms", vm.id),
      initialization:
        ovf === undefined
          ? undefined
          : struct("initialization", { configuration: struct("configuration", { type: "ovf", data: ovf }) }),
    },
    links: linksOf(href, ["disks", "nics", "cdroms"]),
  };
};

/** A VM that the lab has marked as previewing, previews its newest snapshot. */
const isPreviewed = (vm: Vm, snapshot: Snapshot): boolean =>
  vm.previewing && snapshot.id === (vm.previewedId ?? vm.snapshots.findLast(({ type }) => type === "regular")?.id);
