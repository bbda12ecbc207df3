import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";

import { refreshSizes } from "../disks/make-disk.ts";
import { dropDisk } from "../disks/remove-disk.ts";
import { growDisk } from "../disks/resize-disk.ts";
import { attachDisk, detachDisk } from "../disks/attach-disk.ts";
import { diskSchema, vmSchema } from "../config/schema.ts";
import { labActor } from "../engine/engine.ts";
import type { Route } from "../http/router.ts";
import type { Disk } from "../model/disk.ts";
import type { Vm } from "../model/vm.ts";
import { addConfiguredDisk, configuredAttachment } from "../seed/configured-disk.ts";
import { addConfiguredVm } from "../seed/configured-vm.ts";
import { createSnapshot } from "../snapshots/create-snapshot.ts";
import { removeSnapshot } from "../snapshots/remove-snapshot.ts";
import { runTool } from "../storage/child.ts";
import { removeVm } from "../vms/remove-vm.ts";
import { startVm } from "../vms/start-vm.ts";
import { crashVm, stopVm } from "../vms/stop-vm.ts";
import { toNbdUri } from "@holdfast/shared/nbd/nbd-address";
import type { Control, ControlCall, ControlHandle } from "./control.ts";
import { fileSchema, growSchema, settingsSchema, userSnapshotSchema } from "./control-schemas.ts";

const rowOf = <Row>(rows: ReadonlyMap<string, Row>, kind: string, id: string | undefined): Row => {
  const row = rows.get(id ?? "");
  if (row === undefined) throw new HoldfastError("NOT_FOUND", `no ${kind} ${id ?? ""}`);
  return row;
};

/** The VM that the path names. Throws NOT_FOUND. */
export const vmOf = (control: Control, call: ControlCall): Vm =>
  rowOf(control.engine.world.vms, "VM", call.params["vm"]);

/** The disk that the path names. Throws NOT_FOUND. */
export const diskOf = (control: Control, call: ControlCall): Disk =>
  rowOf(control.engine.world.disks, "disk", call.params["disk"]);

const describe = (control: Control, vm: Vm) => ({
  id: vm.id,
  name: vm.name,
  status: vm.status,
  disks: vm.attachments.map(({ diskId }) => {
    const disk = rowOf(control.engine.world.disks, "disk", diskId);
    return { id: diskId, alias: disk.alias, sizeBytes: disk.sizeBytes, format: disk.format, imageId: disk.imageId };
  }),
  snapshots: vm.snapshots
    .filter(({ type }) => type !== "active")
    .map(({ id, description, madeBy, byBackup }) => ({ id, description, madeBy, byBackup })),
});

const guestDisks = (control: Control, vm: Vm) =>
  vm.attachments
    .filter((one) => one.active && control.engine.storage.isRunning(vm.id))
    .map(({ diskId }) => {
      const address = control.engine.storage.guestAddress(vm.id, diskId);
      return { diskId, ...address, uri: toNbdUri(address) };
    });

const addDisk = async (control: Control, call: ControlCall) => {
  const vm = vmOf(control, call);
  const wanted = diskSchema.parse(call.body);
  const templateDiskIds = control.engine.world.templates.get(vm.templateId)?.diskIds ?? [];
  const owner = { key: vm.id, name: `${vm.name}_Disk${vm.attachments.length + 1}`, templateDiskIds };
  const disk = await addConfiguredDisk(control.engine, wanted, owner, control.directory);
  await attachDisk(control.engine, vm, disk, configuredAttachment(wanted, disk.id, vm.attachments.length === 0));
  return { id: disk.id };
};

const removeDisk = async (control: Control, call: ControlCall) => {
  const vm = vmOf(control, call);
  const disk = diskOf(control, call);
  const attachment = vm.attachments.find((one) => one.diskId === disk.id);
  if (attachment !== undefined) await detachDisk(control.engine, vm, attachment);
  await dropDisk(control.engine, labActor, disk);
  return {};
};

/** Copies what a disk of a VM that is down, or a floating one, reads as into a raw file. */
const copyDisk = async (control: Control, call: ControlCall) => {
  const disk = diskOf(control, call);
  const { path } = fileSchema.parse(call.body);
  await using opened = await control.engine.storage.openVolumeExport(disk.imageId, { mode: "read" });
  await runTool("nbdcopy", [toNbdUri(opened.address), path]);
  return { sizeBytes: opened.sizeBytes };
};

const snapshotRoutes = (control: Control): readonly Route<ControlHandle>[] => [
  {
    method: "POST",
    pattern: "/vms/:vm/snapshots",
    handle: (call) => {
      const { description } = userSnapshotSchema.parse(call.body);
      const { id } = createSnapshot(control.engine, labActor, vmOf(control, call), { description, memory: false });
      return { id };
    },
  },
  {
    method: "DELETE",
    pattern: "/vms/:vm/snapshots/:snapshot",
    handle: (call) => {
      const vm = vmOf(control, call);
      const snapshot = vm.snapshots.find((one) => one.id === call.params["snapshot"]);
      if (snapshot === undefined) throw new HoldfastError("NOT_FOUND", "no such snapshot");
      removeSnapshot(control.engine, labActor, vm, snapshot);
      return {};
    },
  },
];

const lifeRoutes = (control: Control): readonly Route<ControlHandle>[] => [
  {
    method: "POST",
    pattern: "/vms/:vm/start",
    handle: (call) => {
      startVm(control.engine, labActor, vmOf(control, call), {});
      return {};
    },
  },
  {
    method: "POST",
    pattern: "/vms/:vm/stop",
    handle: (call) => {
      stopVm(control.engine, labActor, vmOf(control, call), { force: true, reason: "" });
      return {};
    },
  },
  {
    method: "POST",
    pattern: "/vms/:vm/crash",
    handle: async (call) => {
      await crashVm(control.engine, labActor, vmOf(control, call));
      return {};
    },
  },
  {
    method: "POST",
    pattern: "/vms/:vm/settings",
    handle: (call) => {
      Object.assign(vmOf(control, call), settingsSchema.parse(call.body));
      control.engine.save();
      return {};
    },
  },
];

/** What the lab does to VMs and disks, as their user. */
export const machineRoutes = (control: Control): readonly Route<ControlHandle>[] => [
  {
    method: "GET",
    pattern: "/vms",
    handle: () => [...control.engine.world.vms.values()].map((vm) => describe(control, vm)),
  },
  {
    method: "POST",
    pattern: "/vms",
    handle: async (call) =>
      describe(control, await addConfiguredVm(control.engine, vmSchema.parse(call.body), control.directory)),
  },
  { method: "GET", pattern: "/vms/:vm", handle: (call) => describe(control, vmOf(control, call)) },
  {
    method: "DELETE",
    pattern: "/vms/:vm",
    handle: (call) => {
      removeVm(control.engine, labActor, vmOf(control, call), false);
      return {};
    },
  },
  { method: "GET", pattern: "/vms/:vm/guest", handle: (call) => guestDisks(control, vmOf(control, call)) },
  { method: "POST", pattern: "/vms/:vm/disks", handle: (call) => addDisk(control, call) },
  { method: "DELETE", pattern: "/vms/:vm/disks/:disk", handle: (call) => removeDisk(control, call) },
  { method: "POST", pattern: "/disks/:disk/copy", handle: (call) => copyDisk(control, call) },
  {
    method: "POST",
    pattern: "/disks/:disk/grow",
    handle: async (call) => {
      const disk = diskOf(control, call);
      await growDisk(control.engine, disk, growSchema.parse(call.body).sizeBytes);
      await refreshSizes(control.engine, disk);
      return {};
    },
  },
  ...lifeRoutes(control),
  ...snapshotRoutes(control),
];
