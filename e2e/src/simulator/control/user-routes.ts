import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";

import { removeCheckpoint } from "../checkpoints/remove-checkpoint.ts";
import { convertDisk } from "../disks/convert-disk.ts";
import { lockedAliases } from "../disks/disk-status.ts";
import { labActor } from "../engine/engine.ts";
import type { Route } from "../http/router.ts";
import type { Snapshot, Vm } from "../model/vm.ts";
import { commitSnapshot, previewSnapshot, restoreSnapshot, undoSnapshot } from "../snapshots/preview-snapshot.ts";
import type { Control, ControlCall, ControlHandle } from "./control.ts";
import { formatSchema } from "./control-schemas.ts";
import { diskOf, vmOf } from "./machine-routes.ts";

const found = <Row extends { readonly id: string }>(
  rows: readonly Row[],
  kind: string,
  id: string | undefined,
): Row => {
  const row = rows.find((one) => one.id === id);
  if (row === undefined) throw new HoldfastError("NOT_FOUND", `no ${kind} ${id ?? ""}`);
  return row;
};

const snapshotOf = (vm: Vm, call: ControlCall): Snapshot => found(vm.snapshots, "snapshot", call.params["snapshot"]);

/** What of a VM is being worked on in the background, in words. */
const workOn = ({ engine }: Control, vm: Vm): readonly string[] => [
  ...vm.snapshots.filter(({ status }) => status === "locked").map(({ id }) => `snapshot ${id}`),
  ...vm.checkpoints.filter(({ removing }) => removing).map(({ id }) => `checkpoint ${id}`),
  ...lockedAliases(
    engine.world,
    vm.attachments.map(({ diskId }) => diskId),
  ).map((alias) => `disk ${alias}`),
];

const post = (pattern: string, handle: (call: ControlCall) => void): Route<ControlHandle> => ({
  method: "POST",
  pattern,
  handle: (call) => {
    handle(call);
    return {};
  },
});

/** What a user, or another product in a user's name, does to snapshots, formats and checkpoints; all in the background. */
export const userRoutes = (control: Control): readonly Route<ControlHandle>[] => {
  const { engine } = control;
  return [
    { method: "GET", pattern: "/vms/:vm/work", handle: (call) => ({ work: workOn(control, vmOf(control, call)) }) },
    post("/vms/:vm/snapshots/:snapshot/preview", (call) => {
      const vm = vmOf(control, call);
      previewSnapshot(engine, labActor, vm, snapshotOf(vm, call));
    }),
    post("/vms/:vm/snapshots/:snapshot/restore", (call) => {
      const vm = vmOf(control, call);
      restoreSnapshot(engine, labActor, vm, snapshotOf(vm, call));
    }),
    post("/vms/:vm/undo-snapshot", (call) => undoSnapshot(engine, labActor, vmOf(control, call))),
    post("/vms/:vm/commit-snapshot", (call) => commitSnapshot(engine, labActor, vmOf(control, call))),
    post("/disks/:disk/convert", (call) =>
      convertDisk(engine, labActor, diskOf(control, call), formatSchema.parse(call.body).format),
    ),
    {
      method: "DELETE",
      pattern: "/vms/:vm/checkpoints/:checkpoint",
      handle: (call) => {
        const vm = vmOf(control, call);
        removeCheckpoint(engine, labActor, vm, found(vm.checkpoints, "checkpoint", call.params["checkpoint"]));
        return {};
      },
    },
  ];
};
