import { attachDisk, detachDisk, setActive } from "../disks/attach-disk.ts";
import { createDisk, editDisk } from "../disks/create-disk.ts";
import { type AttachmentBody, attachmentBody } from "../disks/disk-body.ts";
import { removeDisk } from "../disks/remove-disk.ts";
import { growDisk } from "../disks/resize-disk.ts";
import type { Engine } from "../engine/engine.ts";
import { MissingEntity, existing, incomplete, refused } from "../engine/engine-fault.ts";
import { parseBody } from "../http/body.ts";
import { type Answer, type Call, type Handle, accepted, created, ok, param, rows } from "../http/call.ts";
import type { Route } from "../http/router.ts";
import type { DiskAttachment } from "../model/disk.ts";
import type { Vm } from "../model/vm.ts";
import { attachmentResource } from "../rendering/resources/disk.ts";
import { checkNoBackup } from "../vms/vm-rules.ts";

const vmOf = (engine: Engine, call: Call): Vm => existing(engine.world.vms, param(call, "vm"));

const attachmentOf = (vm: Vm, call: Call): DiskAttachment => {
  const id = param(call, "disk");
  const attachment = vm.attachments.find((one) => one.diskId === id);
  if (attachment === undefined) throw new MissingEntity(`VM ${vm.id} has no disk ${id}`);
  return attachment;
};

const show = (vm: Vm, attachment: DiskAttachment) => attachmentResource({ collection: "vms", id: vm.id }, attachment);

const toAttachment = (diskId: string, body: AttachmentBody): DiskAttachment => {
  if (body.interface === undefined) throw incomplete("DiskAttachment [interface] required for add");
  return {
    diskId,
    active: body.active ?? false,
    bootable: body.bootable ?? false,
    interface: body.interface,
    readOnly: body.read_only ?? false,
    passDiscard: body.pass_discard ?? false,
  };
};

/** Attaches an existing disk, or makes a new one and plugs it when its image is there. */
const attach = async (engine: Engine, call: Call): Promise<Answer> => {
  const vm = vmOf(engine, call);
  const body = parseBody(attachmentBody, call.body);
  if (body.disk === undefined) throw incomplete("DiskAttachment [disk] required for add");
  checkNoBackup(engine, vm, "Cannot attach Virtual Disk", "any");
  if (body.disk.id !== undefined && body.disk.provisioned_size === undefined) {
    const disk = engine.world.disks.get(body.disk.id);
    if (disk === undefined) throw refused("Cannot attach Virtual Disk. The specified disk does not exist.");
    const attachment = toAttachment(disk.id, body);
    await attachDisk(engine, vm, disk, attachment);
    return created(show(vm, attachment));
  }
  const made: { attachment?: DiskAttachment } = {};
  toAttachment("", body);
  const disk = createDisk(engine, call.actor, body.disk, async () => {
    if (made.attachment?.active === true && engine.storage.isRunning(vm.id)) {
      await engine.storage.plugDisk(vm.id, { diskId: disk.id, volumeId: disk.imageId });
    }
  });
  made.attachment = toAttachment(disk.id, body);
  await attachDisk(engine, vm, disk, made.attachment);
  return created(show(vm, made.attachment), 202);
};

const update = async (engine: Engine, call: Call): Promise<Answer> => {
  const vm = vmOf(engine, call);
  const attachment = attachmentOf(vm, call);
  const body = parseBody(attachmentBody, call.body);
  const disk = existing(engine.world.disks, attachment.diskId);
  if (body.disk !== undefined) {
    editDisk(engine, disk, body.disk);
    if (body.disk.provisioned_size !== undefined) await growDisk(engine, disk, body.disk.provisioned_size);
  }
  attachment.bootable = body.bootable ?? attachment.bootable;
  attachment.interface = body.interface ?? attachment.interface;
  attachment.readOnly = body.read_only ?? attachment.readOnly;
  if (body.active !== undefined) await setActive(engine, vm, attachment, body.active);
  engine.save();
  return ok(show(vm, attachment));
};

const detach = async (engine: Engine, call: Call): Promise<Answer> => {
  const vm = vmOf(engine, call);
  const attachment = attachmentOf(vm, call);
  checkNoBackup(engine, vm, "Cannot detach Virtual Disk", "any");
  const disk = existing(engine.world.disks, attachment.diskId);
  // The engine's default keeps the disk.
  if (call.query.get("detach_only") === "false") removeDisk(engine, call.actor, disk);
  else await detachDisk(engine, vm, attachment);
  return accepted();
};

/** `/vms/ID/diskattachments` */
export const attachmentRoutes = (engine: Engine): readonly Route<Handle>[] => [
  {
    method: "GET",
    pattern: "/vms/:vm/diskattachments",
    handle: (call) => {
      const vm = vmOf(engine, call);
      return rows(
        call,
        "disk_attachment",
        vm.attachments.map((one) => show(vm, one)),
      );
    },
  },
  { method: "POST", pattern: "/vms/:vm/diskattachments", handle: (call) => attach(engine, call) },
  {
    method: "GET",
    pattern: "/vms/:vm/diskattachments/:disk",
    handle: (call) => {
      const vm = vmOf(engine, call);
      return ok(show(vm, attachmentOf(vm, call)));
    },
  },
  { method: "PUT", pattern: "/vms/:vm/diskattachments/:disk", handle: (call) => update(engine, call) },
  { method: "DELETE", pattern: "/vms/:vm/diskattachments/:disk", handle: (call) => detach(engine, call) },
];
