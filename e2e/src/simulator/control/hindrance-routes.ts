import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { z } from "zod";

import { finalizeBackup } from "../backups/finalize-backup.ts";
import { startBackup } from "../backups/start-backup.ts";
import { labActor } from "../engine/engine.ts";
import type { Route } from "../http/router.ts";
import { vmStatuses } from "../model/vm.ts";
import { showStatus } from "../vms/show-status.ts";
import type { Control, ControlCall, ControlHandle } from "./control.ts";
import { diskOf, vmOf } from "./machine-routes.ts";

/** Body of `POST /disks/:disk/lock`. */
export const lockSchema = z.strictObject({ locked: z.boolean() });

/** Body of `POST /vms/:vm/shown-status`. */
export const shownStatusSchema = z.strictObject({ status: z.enum(vmStatuses) });

/** Body of `POST /vms/:vm/backups`. */
export const foreignBackupSchema = z.strictObject({ description: z.string().default("nightly of another product") });

const beginBackup = (control: Control, call: ControlCall) => {
  const vm = vmOf(control, call);
  const diskIds = vm.attachments.filter(({ active }) => active).map(({ diskId }) => diskId);
  const request = { diskIds, legacy: false, requireConsistency: false, ...foreignBackupSchema.parse(call.body) };
  return { id: startBackup(control.engine, labActor, vm, request).id };
};

const endBackup = ({ engine }: Control, call: ControlCall) => {
  const backup = engine.world.backups.get(call.params["backup"] ?? "");
  if (backup?.phase !== "ready") throw new HoldfastError("FAILED_PRECONDITION", "no such backup is ready");
  finalizeBackup(engine, labActor, backup);
  return {};
};

/** What stands in the way of a backup: locks of disks, states of VMs, another product's backups; and what the engine's log has. */
export const hindranceRoutes = (control: Control): readonly Route<ControlHandle>[] => [
  {
    method: "POST",
    pattern: "/disks/:disk/lock",
    handle: (call) => {
      diskOf(control, call).held = lockSchema.parse(call.body).locked;
      control.engine.save();
      return {};
    },
  },
  {
    method: "POST",
    pattern: "/vms/:vm/shown-status",
    handle: (call) => {
      showStatus(control.engine, vmOf(control, call), shownStatusSchema.parse(call.body).status);
      return {};
    },
  },
  { method: "POST", pattern: "/vms/:vm/backups", handle: (call) => beginBackup(control, call) },
  { method: "POST", pattern: "/backups/:backup/end", handle: (call) => endBackup(control, call) },
  { method: "GET", pattern: "/events", handle: () => control.engine.world.events },
];
