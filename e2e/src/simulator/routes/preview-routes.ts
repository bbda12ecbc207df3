import type { Engine } from "../engine/engine.ts";
import { existing, existingIn, incomplete } from "../engine/engine-fault.ts";
import { bool, collection, entity, parseBody, reference } from "../http/body.ts";
import { type Call, type Handle, accepted, param } from "../http/call.ts";
import type { Route } from "../http/router.ts";
import type { Vm } from "../model/vm.ts";
import { commitSnapshot, previewSnapshot, restoreSnapshot, undoSnapshot } from "../snapshots/preview-snapshot.ts";

const options = ["async", "status", "job", "fault", "vm", "lease"];

const previewBody = entity(
  {
    snapshot: reference.optional(),
    restore_memory: bool.optional(),
    disks: collection("disk", reference).optional(),
  },
  options,
);

const vmOf = (engine: Engine, call: Call): Vm => existing(engine.world.vms, param(call, "vm"));

const action = (pattern: string, act: (call: Call) => void): Route<Handle> => ({
  method: "POST",
  pattern,
  handle: (call) => {
    act(call);
    return accepted();
  },
});

/** Previews of snapshots: shown, then committed or undone; or restored at once. */
export const previewRoutes = (engine: Engine): readonly Route<Handle>[] => [
  action("/vms/:vm/previewsnapshot", (call) => {
    const vm = vmOf(engine, call);
    const { snapshot } = parseBody(previewBody, call.body);
    if (snapshot === undefined) throw incomplete("Action [snapshot.id] required for previewSnapshot");
    previewSnapshot(engine, call.actor, vm, existingIn(vm.snapshots, snapshot.id));
  }),
  action("/vms/:vm/commitsnapshot", (call) => {
    commitSnapshot(engine, call.actor, vmOf(engine, call));
  }),
  action("/vms/:vm/undosnapshot", (call) => {
    undoSnapshot(engine, call.actor, vmOf(engine, call));
  }),
  action("/vms/:vm/snapshots/:snapshot/restore", (call) => {
    const vm = vmOf(engine, call);
    parseBody(previewBody, call.body);
    restoreSnapshot(engine, call.actor, vm, existingIn(vm.snapshots, param(call, "snapshot")));
  }),
];
