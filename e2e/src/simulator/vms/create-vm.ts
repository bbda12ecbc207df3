import { defaultAttachment, thinCopies } from "./template-disks.ts";
import { addVm, type NewVm, unlockVm } from "./make-vm.ts";
import type { VmBody } from "./vm-body.ts";
import { topologyOf, wantedAttributes } from "./wanted-hardware.ts";
import type { Actor, Engine } from "../engine/engine.ts";
import { conflict, incomplete, refused } from "../engine/engine-fault.ts";
import { newUuid } from "../engine/new-uuid.ts";
import { makeImage } from "../disks/make-disk.ts";
import type { Cluster, StorageDomain, Template } from "../model/inventory.ts";
import { defined } from "../model/defined.ts";
import type { Nic, Vm } from "../model/vm.ts";
import { toInitialization } from "./initialization-body.ts";
import { newMac } from "./mac.ts";
import { resolve } from "./resolve-reference.ts";
import { placementOf } from "./wanted-placement.ts";

/** The cluster that a body names. Throws the engine's faults. */
export const clusterOf = (engine: Engine, body: VmBody): Cluster => {
  if (body.cluster === undefined) throw incomplete("Vm [cluster.id|name] required for add");
  const cluster = resolve(engine.world.clusters, body.cluster);
  if (cluster === undefined) throw refused("Cannot add VM. Cluster does not exist.");
  return cluster;
};

/** Refuses a name that another VM has. */
export const checkNameFree = (engine: Engine, name: string, action: string, except?: Vm): void => {
  if (![...engine.world.vms.values()].some((vm) => vm.name === name && vm !== except)) return;
  throw conflict(`${action}. The VM name is already in use, please choose a unique name and try again.`);
};

const templateOf = (engine: Engine, body: VmBody): Template => {
  if (body.template === undefined) throw incomplete("Vm [template.id|name] required for add");
  const template = resolve(engine.world.templates, body.template);
  if (template === undefined) throw refused("Cannot add VM. The Template does not exist.");
  if (template.status === "locked")
    throw conflict("Cannot add VM. VM Template Image is locked. Please try again in a few minutes.");
  if (template.status === "illegal") throw refused("Cannot add VM. VM's Image might be corrupted.");
  return template;
};

/** The VM's NICs: the template's, with ids and addresses of their own. */
const nicsOf = (engine: Engine, template: Template): readonly Nic[] =>
  (template.nics ?? []).map(({ name, vnicProfileId }) => ({
    id: newUuid(engine.random),
    name,
    interface: "virtio",
    mac: newMac(engine),
    linked: true,
    plugged: true,
    ...defined({ vnicProfileId }),
  }));

/** Where the VM's disks are to be, when the body says so. A thin layer has to be beside what it is a layer of. */
const domainOf = (engine: Engine, body: VmBody, clone: boolean): StorageDomain | undefined => {
  if (body.storage_domain === undefined) return undefined;
  const domain = resolve(engine.world.storageDomains, body.storage_domain);
  if (domain === undefined) throw refused("Cannot add VM. Storage Domain doesn't exist.");
  if (domain.dataCenterId !== clusterOf(engine, body).dataCenterId) {
    throw refused("Cannot add VM. The Storage Domain is not in the Data Center of the Cluster.");
  }
  const disks = templateOf(engine, body).diskIds.flatMap((id) => engine.world.disks.get(id) ?? []);
  if (!clone && disks.some((disk) => disk.storageDomainId !== domain.id)) {
    throw refused("Cannot add VM. Selected Storage Domain does not contain the VM Template.");
  }
  return domain;
};

const toNewVm = (engine: Engine, body: VmBody, name: string): NewVm => {
  const template = templateOf(engine, body);
  return {
    id: body.id ?? newUuid(engine.random),
    name,
    clusterId: clusterOf(engine, body).id,
    templateId: template.id,
    memoryBytes: template.memoryBytes,
    cpu: topologyOf(body),
    biosType: "cluster_default",
    osType: "other",
    nics: nicsOf(engine, template),
    guestAgent: template.guest !== "none",
    placement: placementOf(engine, body, "Cannot add VM"),
    initialization: toInitialization(body.initialization),
    ...wantedAttributes(body),
  };
};

/** `POST /vms` without a configuration: from a template, thin unless cloned; `image_locked` until its disks are there. */
export const createVm = (engine: Engine, actor: Actor, body: VmBody, clone: boolean): Vm => {
  if (body.name === undefined) throw incomplete("Vm [name] required for add");
  const wanted = toNewVm(engine, body, body.name);
  checkNameFree(engine, body.name, "Cannot add VM");
  if (engine.world.vms.has(wanted.id)) throw conflict("Cannot add VM. VM with the same identifier already exists.");
  const domain = domainOf(engine, body, clone);
  const vm = addVm(engine, actor, wanted);
  const made = thinCopies(engine, actor, vm, { clone, ...defined({ domainId: domain?.id }) });
  engine.background.run("create vm", async () => {
    for (const { disk, origin } of made) await makeImage(engine, actor, disk, origin);
    unlockVm(engine, vm);
  });
  vm.attachments = made.map(({ disk }, index) => defaultAttachment(disk.id, index === 0));
  engine.save();
  return vm;
};
