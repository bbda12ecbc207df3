import type { Actor, Engine } from "../engine/engine.ts";
import { newUuid } from "../engine/new-uuid.ts";
import { eventCodes, noteEvent } from "../events/event-log.ts";
import { defined } from "../model/defined.ts";
import type { Initialization } from "../model/initialization.ts";
import type { Level } from "../model/inventory.ts";
import type { BiosType, CpuTopology, Nic, PlacementPolicy, Snapshot, Vm } from "../model/vm.ts";
import type { SettingsTree } from "./kept-settings.ts";
import { showStatus } from "./show-status.ts";

/** What a new VM is to be; disks come afterwards. */
export interface NewVm {
  readonly id: string;
  readonly name: string;
  readonly clusterId: string;
  readonly templateId: string;
  readonly description?: string | undefined;
  readonly comment?: string | undefined;
  readonly memoryBytes: number;
  readonly cpu: CpuTopology;
  readonly biosType: BiosType;
  readonly osType: string;
  readonly type?: Vm["type"] | undefined;
  readonly origin?: string | undefined;
  readonly customLevel?: Level | undefined;
  readonly guestAgent?: boolean | undefined;
  readonly deleteProtected?: boolean | undefined;
  readonly tagIds?: readonly string[];
  readonly nics?: readonly Nic[];
  readonly placement?: PlacementPolicy | undefined;
  readonly initialization?: Initialization | undefined;
  readonly settings?: SettingsTree | undefined;
}

/** The snapshot row that every VM has for its present state. */
export const newActiveSnapshot = (engine: Engine, actor: Actor): Snapshot => ({
  id: newUuid(engine.random),
  type: "active",
  description: "Active VM",
  createdMs: engine.clock.nowMs(),
  memory: false,
  status: "ok",
  removing: false,
  volumes: [],
  ovf: "",
  madeBy: actor.login,
  byBackup: false,
});

/** Adds a VM without disks, `image_locked` until the caller has made its disks and calls `unlockVm`. */
export const addVm = (engine: Engine, actor: Actor, wanted: NewVm): Vm => {
  const vm: Vm = {
    id: wanted.id,
    name: wanted.name,
    description: wanted.description ?? "",
    comment: wanted.comment ?? "",
    status: "image_locked",
    clusterId: wanted.clusterId,
    templateId: wanted.templateId,
    memoryBytes: wanted.memoryBytes,
    cpu: wanted.cpu,
    biosType: wanted.biosType,
    osType: wanted.osType,
    type: wanted.type ?? "server",
    origin: wanted.origin ?? "ovirt",
    deleteProtected: wanted.deleteProtected ?? false,
    previewing: false,
    guestAgent: wanted.guestAgent ?? true,
    createdMs: engine.clock.nowMs(),
    attachments: [],
    nics: [...(wanted.nics ?? [])],
    snapshots: [newActiveSnapshot(engine, actor)],
    checkpoints: [],
    tagIds: [...(wanted.tagIds ?? [])],
    madeBy: actor.login,
    ...defined({
      customLevel: wanted.customLevel,
      placement: wanted.placement,
      initialization: wanted.initialization,
      settings: wanted.settings,
    }),
  };
  engine.world.vms.set(vm.id, vm);
  showStatus(engine, vm, "image_locked");
  noteEvent(engine, actor, {
    code: eventCodes.vmAdded,
    description: `VM ${vm.name} was created by ${actor.login}.`,
    vmId: vm.id,
  });
  engine.save();
  return vm;
};

/** The VM is complete: it is down and may be started. */
export const unlockVm = (engine: Engine, vm: Vm): void => {
  showStatus(engine, vm, "down");
};
