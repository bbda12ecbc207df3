import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { Hypervisor } from "../hypervisor/hypervisor.ts";
import type { Vm } from "../hypervisor/inventory.ts";
import type { GuestSetup, MachineNic, MachineRequest, MachineShape } from "../hypervisor/machines.ts";
import { type DiskRoom, openDiskRoom } from "./disk-room.ts";
import { testInventory, testVm } from "./scripted-engine.ts";

/** A VM of the room, as tests look at it. */
export interface RoomVm {
  vm: Vm;
  shape: MachineShape;
  templateId: string | undefined;
  nics: MachineNic[];
  setups: GuestSetup[];
}

/** An engine in memory that makes and runs VMs; what a test sets decides how it behaves. */
export interface MachineRoom {
  readonly hypervisor: Hypervisor;
  readonly vms: Map<string, RoomVm>;
  /** What was asked of it, in order, without reads. */
  readonly calls: string[];
  readonly disks: DiskRoom;
  /** Set: starting fails with it. */
  refuseStart: HoldfastError | null;
  /** Set: every call fails with it. */
  away: HoldfastError | null;
  /** True: guests take no notice of a shutdown. */
  ignoresShutdown: boolean;
  /** Called when a VM runs. */
  onRun: (vm: RoomVm) => void;
  /** Puts other answers in the place of its own; disposing takes them away again. */
  override(answers: Partial<Hypervisor>): Disposable;
  set(vmId: string, status: string): void;
  /** The only VM; fails when there is another number of them. */
  only(): RoomVm;
}

/** Opens a room with the template `worker` and a VM of everybody's for each of `names`. */
export const openMachineRoom = (names: readonly string[] = []): MachineRoom => {
  const calls: string[] = [];
  const room: MachineRoom = {
    hypervisor: undefined as never,
    vms: new Map(),
    calls,
    disks: openDiskRoom(calls),
    refuseStart: null,
    away: null,
    ignoresShutdown: false,
    onRun: () => undefined,
    override: (answers) => {
      const before = { ...room.hypervisor };
      Object.assign(room.hypervisor, answers);
      return { [Symbol.dispose]: () => void Object.assign(room.hypervisor, before) };
    },
    set: (vmId, status) => {
      const found = room.vms.get(vmId);
      if (found !== undefined) found.vm = { ...found.vm, status };
    },
    only: () => {
      const [only, ...others] = room.vms.values();
      if (only === undefined || others.length > 0) throw new Error(`${room.vms.size} VMs`);
      return only;
    },
  };
  for (const name of names) put(room, { ...emptyShape, name }, testVm(name, "c1"));
  return Object.assign(room, { hypervisor: engineOf(room) as Hypervisor });
};

const emptyShape = { comment: "", cpus: 1, memoryBytes: 1, hostIds: [] } as const;

const put = (room: MachineRoom, shape: MachineShape & { readonly templateId?: string | undefined }, vm: Vm): void => {
  const nics = [{ id: "n1", name: "nic1", vnicProfileId: "p-template" }];
  room.vms.set(vm.id, { vm, shape, templateId: shape.templateId, nics, setups: [] });
};

const roomDomain = {
  id: "sd1",
  name: "sd1",
  type: "data",
  storageType: "nfs",
  dataCenterIds: ["dc"],
  availableBytes: 1,
  usedBytes: 0,
  blockedBelowBytes: undefined,
  forBackup: false,
};

const engineOf = (room: MachineRoom): Partial<Hypervisor> => ({
  loginState: () => ({ state: "logged-in" }),
  identify: () => Promise.resolve({ instanceId: "e1", productName: "test", version: "4.5.6" }),
  readInventory: async () => ({
    ...testInventory([...room.vms.values()].map(({ vm }) => vm)),
    storageDomains: [roomDomain],
  }),
  listVnicProfiles: async () => [
    { id: "p1", name: "servers", networkId: "n1", networkName: "blue" },
    { id: "p2", name: "storage", networkId: "n2", networkName: "green" },
  ],
  ...readsOf(room),
  ...shapesOf(room),
  ...powerOf(room),
  ...room.disks.operations,
  [Symbol.asyncDispose]: () => Promise.resolve(),
});

const answer = async <T>(room: MachineRoom, give: () => T): Promise<T> => {
  if (room.away !== null) throw room.away;
  return give();
};

const roomVm = (room: MachineRoom, vmId: string): RoomVm => {
  const found = room.vms.get(vmId);
  if (found === undefined) throw new HoldfastError("VM_NOT_FOUND", `no vm ${vmId}`);
  return found;
};

const readsOf = (room: MachineRoom): Partial<Hypervisor> => ({
  getVm: (vmId) => answer(room, () => ({ ...roomVm(room, vmId).vm, snapshots: [] })),
  findVms: (name) => answer(room, () => [...room.vms.values()].map(({ vm }) => vm).filter((vm) => vm.name === name)),
  findTemplate: (name) =>
    answer(room, () => (name === "worker" ? { id: "t1", name, versionNumber: 1, status: "ok" } : undefined)),
  listNics: (vmId) => answer(room, () => roomVm(room, vmId).nics),
});

const shapesOf = (room: MachineRoom): Partial<Hypervisor> => ({
  createMachine: (request: MachineRequest) =>
    answer(room, () => {
      room.calls.push(`create ${request.name}`);
      if ([...room.vms.values()].some(({ vm }) => vm.name === request.name))
        throw new HoldfastError("ALREADY_EXISTS", `name ${request.name} is in use`);
      const id = `vm-${room.calls.length}`;
      const { name, description, clusterId, memoryBytes } = request;
      put(room, request, testVm(name, clusterId, { id, description, memoryBytes, status: "down" }));
      return id;
    }),
  reshapeMachine: (vmId, shape) =>
    answer(room, () => {
      room.calls.push(`reshape ${shape.name}`);
      const found = roomVm(room, vmId);
      found.shape = shape;
      found.vm = { ...found.vm, name: shape.name };
    }),
  addNic: ({ vmId, name, vnicProfileId }) =>
    answer(room, () => {
      roomVm(room, vmId).nics.push({ id: name, name, vnicProfileId });
    }),
  removeNic: ({ vmId, nicId }) =>
    answer(room, () => {
      const found = roomVm(room, vmId);
      found.nics = found.nics.filter(({ id }) => id !== nicId);
    }),
  removeVm: ({ vmId }) =>
    answer(room, () => {
      room.calls.push("delete");
      for (const { id } of room.vms.get(vmId)?.vm.disks ?? []) room.disks.disks.delete(id);
      room.vms.delete(vmId);
    }),
  attachDisk: ({ vmId, diskId, ...how }) =>
    answer(room, () => {
      const found = roomVm(room, vmId);
      const disk = room.disks.disks.get(diskId);
      if (disk !== undefined && found.vm.disks.every(({ id }) => id !== diskId))
        found.vm = { ...found.vm, disks: [...found.vm.disks, { ...disk, ...how }] };
    }),
});

const powerOf = (room: MachineRoom): Partial<Hypervisor> => {
  const turn = (vmId: string, call: string, status: string): Promise<void> =>
    answer(room, () => {
      room.calls.push(call);
      roomVm(room, vmId);
      room.set(vmId, status);
    });
  const run = async (vmId: string, call: string, setup?: GuestSetup): Promise<void> => {
    room.calls.push(call);
    if (room.refuseStart !== null) throw room.refuseStart;
    await turn(vmId, `${call}ed`, "up");
    const found = roomVm(room, vmId);
    if (setup !== undefined) found.setups.push(setup);
    room.onRun(found);
  };
  return {
    bootMachine: (vmId, setup) => run(vmId, "boot", setup),
    startVm: (vmId) => run(vmId, "resume"),
    suspendVm: (vmId) => turn(vmId, "suspend", "suspended"),
    shutDownVm: (vmId) => turn(vmId, "shut down", room.ignoresShutdown ? "up" : "down"),
    powerOffVm: (vmId) => turn(vmId, "power off", "down"),
  };
};
