import { defaultAttachment, thinCopies } from "./template-disks.ts";
import { addVm, type NewVm, unlockVm } from "./make-vm.ts";
import type { VmBody } from "./vm-body.ts";
import { topologyOf, wantedAttributes } from "./wanted-hardware.ts";
import type { Actor, Engine } from "../engine/engine.ts";
import { conflict, incomplete, refused } from "../engine/engine-fault.ts";
import { newUuid } from "../engine/new-uuid.ts";
import { makeImage } from "../disks/make-disk.ts";
import type { Cluster, Template } from "../model/inventory.ts";
import type { Vm } from "../model/vm.ts";

type Reference = { readonly id?: string | undefined; readonly name?: string | undefined } | undefined;

/** The row that a reference by id or name means; undefined when none fits. */
const resolve = <Row extends { readonly id: string; readonly name: string }>(
  rows: ReadonlyMap<string, Row>,
  reference: Reference,
): Row | undefined => [...rows.values()].find((row) => row.id === reference?.id || row.name === reference?.name);

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
  return template;
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
    ...wantedAttributes(body),
  };
};

/** `POST /vms` without a configuration: from a template, thin unless cloned; `image_locked` until its disks are there. */
export const createVm = (engine: Engine, actor: Actor, body: VmBody, clone: boolean): Vm => {
  if (body.name === undefined) throw incomplete("Vm [name] required for add");
  const wanted = toNewVm(engine, body, body.name);
  checkNameFree(engine, body.name, "Cannot add VM");
  if (engine.world.vms.has(wanted.id)) throw conflict("Cannot add VM. VM with the same identifier already exists.");
  const vm = addVm(engine, actor, wanted);
  const made = thinCopies(engine, actor, vm, clone);
  engine.background.run("create vm", async () => {
    for (const { disk, origin } of made) await makeImage(engine, actor, disk, origin);
    unlockVm(engine, vm);
  });
  vm.attachments = made.map(({ disk }, index) => defaultAttachment(disk.id, index === 0));
  engine.save();
  return vm;
};
