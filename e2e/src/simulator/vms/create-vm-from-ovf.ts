import { addVm, unlockVm } from "./make-vm.ts";
import { checkNameFree, clusterOf } from "./create-vm.ts";
import { newMac } from "./mac.ts";
import type { VmBody } from "./vm-body.ts";
import { topologyOf, wantedAttributes } from "./wanted-hardware.ts";
import { vmsWithDisk } from "../disks/owners.ts";
import type { Actor, Engine } from "../engine/engine.ts";
import { conflict, incomplete, refused } from "../engine/engine-fault.ts";
import { newUuid } from "../engine/new-uuid.ts";
import { eventCodes, noteEvent } from "../events/event-log.ts";
import { blankTemplateId, parseLevel } from "../model/inventory.ts";
import type { Nic, Vm } from "../model/vm.ts";
import type { OvfDisk, OvfMachine, OvfNic } from "../ovf/ovf-machine.ts";
import { readOvf } from "../ovf/read-ovf.ts";

const action = "Cannot import VM";

const parse = (data: string): OvfMachine => {
  try {
    return readOvf(data);
  } catch (caught) {
    if (!(caught instanceof SyntaxError)) throw caught;
    throw refused(`${action}. Failed to parse the OVF: ${caught.message}`);
  }
};

const toNic = (engine: Engine, nic: OvfNic, regenerate: boolean): Nic => {
  const { networks, vnicProfiles } = engine.world;
  const profile = [...vnicProfiles.values()].find(
    (one) => one.name === nic.profileName && networks.get(one.networkId)?.name === nic.networkName,
  );
  return {
    id: regenerate || nic.id === "" ? newUuid(engine.random) : nic.id,
    name: nic.name,
    interface: nic.interface,
    mac: regenerate || nic.mac === "" ? newMac(engine) : nic.mac,
    linked: true,
    plugged: true,
    ...(profile === undefined ? {} : { vnicProfileId: profile.id }),
  };
};

/** Attaches the floating disk that the OVF names; what is wrong with it only an event tells. */
const attachNamedDisk = (engine: Engine, actor: Actor, vm: Vm, named: OvfDisk): void => {
  const disk = engine.world.disks.get(named.diskId);
  const problem =
    disk === undefined
      ? "it does not exist"
      : vmsWithDisk(engine.world, disk.id).length > 0
        ? "it is attached to another VM"
        : undefined;
  if (problem !== undefined) {
    noteEvent(engine, actor, {
      code: eventCodes.diskAttachmentProblem,
      severity: "warning",
      description: `VM ${vm.name} has been imported without disk ${named.diskId}: ${problem}.`,
      vmId: vm.id,
    });
    return;
  }
  vm.attachments.push({
    diskId: named.diskId,
    active: named.active,
    bootable: named.bootable,
    interface: named.interface,
    readOnly: false,
    passDiscard: false,
  });
};

const checkIdentity = (engine: Engine, id: string, macs: readonly string[]): void => {
  if (engine.world.vms.has(id)) throw conflict(`${action}. VM with the same identifier already exists.`);
  const used = [...engine.world.vms.values()].flatMap((vm) => vm.nics.map((nic) => nic.mac.toLowerCase()));
  const doubled = macs.filter((mac) => used.includes(mac.toLowerCase()));
  if (doubled.length > 0) throw conflict(`${action}. MAC Address (${doubled.join(", ")}) is already in use.`);
};

const attributesOf = (ovf: OvfMachine) => ({
  description: ovf.description,
  comment: ovf.comment,
  memoryBytes: ovf.memoryBytes,
  biosType: ovf.biosType,
  osType: ovf.osType,
  ...(ovf.customLevel === undefined ? {} : { customLevel: parseLevel(ovf.customLevel) }),
});

/** `POST /vms` with a configuration: the call blocks; attributes of the body override the OVF's. */
export const createVmFromOvf = (engine: Engine, actor: Actor, body: VmBody): Vm => {
  const data = body.initialization?.configuration?.data;
  if (data === undefined) throw incomplete("Vm [initialization.configuration.data] required for add");
  const ovf = parse(data);
  const regenerate = body.initialization?.regenerate_ids === true;
  const clusterId = clusterOf(engine, body).id;
  const name = body.name ?? ovf.name;
  const id = regenerate || ovf.vmId === "" ? newUuid(engine.random) : ovf.vmId;
  checkNameFree(engine, name, action);
  const nics = ovf.nics.map((nic) => toNic(engine, nic, regenerate));
  checkIdentity(
    engine,
    id,
    nics.map(({ mac }) => mac),
  );
  const vm = addVm(engine, actor, {
    id,
    name,
    clusterId,
    templateId: blankTemplateId,
    ...attributesOf(ovf),
    ...wantedAttributes(body),
    cpu: topologyOf(body, ovf.cpu),
    nics,
  });
  for (const named of ovf.disks) attachNamedDisk(engine, actor, vm, named);
  unlockVm(engine, vm);
  return vm;
};
