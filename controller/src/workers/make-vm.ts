import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";
import { throughConflicts, waitFor } from "../capture/waiting.ts";
import type { Vm } from "../hypervisor/inventory.ts";
import type { MachineRequest, MachineShape } from "../hypervisor/machines.ts";
import { askToMake } from "./ask-to-make.ts";
import { lookAtVm } from "./look-at-vm.ts";
import { makeWorkerDisk, removeWorkerDisk } from "./make-disk.ts";
import { type WorkerPlaces, resolvePlaces } from "./resolve-places.ts";
import { setNics } from "./set-nics.ts";
import type { WorkerAt, WorkerDeps } from "./worker-deps.ts";
import { cpusOf, memoryOf } from "./worker-definition.ts";
import { workerCorrelationIdOf, workerMarkOf } from "./worker.ts";

const makeMs = 900_000;

/**
 * Makes a worker's VM from its template or image and answers its id: disk, VM, NICs, in an order that can be repeated after any
 * crash. WORKER_VM_FOREIGN when a VM of its name is somebody else's; INVALID_ARGUMENT for what the engine does not have.
 */
export const makeWorkerVm = async (deps: WorkerDeps, at: WorkerAt, signal: AbortSignal): Promise<string> => {
  const places = await placesOf(at, signal);
  const before = await startAnew(deps, at, signal);
  const { source } = at.worker.definition;
  const hasDisk = before !== undefined && before.disks.length > 0;
  const diskId =
    source.kind === "template" || hasDisk
      ? undefined
      : await makeWorkerDisk(deps, at, { file: source.file, storageDomainId: places.storageDomainId ?? "" }, signal);
  const vmId = before?.id ?? (await createVm(deps, at, places, signal));
  await deps.roster.change(at.worker, { vmId });
  await awaitDown(deps, at, vmId, signal);
  if (before !== undefined) await reshape(deps, at, { vmId, places }, signal);
  if (diskId !== undefined) await attach(deps, at, { vmId, diskId }, signal);
  await setNics(at, { vmId, vnicProfileIds: places.vnicProfileIds }, signal);
  return vmId;
};

/** Makes a worker's VM, which is down, what its definition says. */
export const reshapeWorkerVm = async (
  deps: WorkerDeps,
  at: WorkerAt,
  vmId: string,
  signal: AbortSignal,
): Promise<void> => {
  const places = await placesOf(at, signal);
  await reshape(deps, at, { vmId, places }, signal);
  await setNics(at, { vmId, vnicProfileIds: places.vnicProfileIds }, signal);
};

/**
 * What an earlier try left of the VM; nothing of it stays when it is to be made from something else by now. That is done once:
 * what is made from here on is of this definition, and goes on where a hiccup ended it.
 */
const startAnew = async (deps: WorkerDeps, at: WorkerAt, signal: AbortSignal): Promise<Vm | undefined> => {
  const { worker, hypervisor } = at;
  const found = await lookAtVm(deps, at, signal);
  if (worker.pending !== "remake") return found;
  if (found !== undefined) {
    const limit = { what: `vm ${found.id} to be removed`, deadlineMs: makeMs };
    const remove = (): Promise<void> => hypervisor.removeVm({ vmId: found.id, keepDisks: false }, signal);
    await throughConflicts(deps, limit, remove, signal);
    const look = async (): Promise<true | undefined> =>
      (await lookAtVm(deps, at, signal)) === undefined ? true : undefined;
    await waitFor(deps, limit, look, signal);
  }
  if (worker.diskId !== "") await removeWorkerDisk(deps, at, worker.diskId, signal);
  await deps.roster.note(worker, "reshape");
  return undefined;
};

const reshape = (
  deps: WorkerDeps,
  at: WorkerAt,
  { vmId, places }: { readonly vmId: string; readonly places: WorkerPlaces },
  signal: AbortSignal,
): Promise<void> => {
  const ask = (): Promise<void> => at.hypervisor.reshapeMachine(vmId, shapeOf(at, places), signal);
  return throughConflicts(deps, { what: `vm ${vmId}`, deadlineMs: 60_000 }, ask, signal);
};

/** What a worker's definition names, as its engine has it now. */
const placesOf = async ({ worker, manager, hypervisor }: WorkerAt, signal: AbortSignal): Promise<WorkerPlaces> => {
  const inventory = manager.inventory ?? (await manager.refresh(signal));
  const hasNetworks = worker.definition.networks.length > 0;
  const profiles = hasNetworks ? await hypervisor.listVnicProfiles(signal) : [];
  return resolvePlaces(worker.definition, { inventory, profiles });
};

const shapeOf = ({ worker: { definition } }: WorkerAt, { hostIds }: WorkerPlaces): MachineShape => ({
  name: definition.name,
  comment: definition.description === "" ? "Holdfast worker: do not change by hand" : definition.description,
  cpus: cpusOf(definition),
  memoryBytes: memoryOf(definition),
  hostIds,
});

const createVm = async (deps: WorkerDeps, at: WorkerAt, places: WorkerPlaces, signal: AbortSignal): Promise<string> => {
  const { worker, hypervisor } = at;
  const { name, clusterId, source } = worker.definition;
  const templateId = source.kind === "template" ? await templateIdOf(at, source.name, signal) : undefined;
  const request: MachineRequest = {
    ...shapeOf(at, places),
    description: workerMarkOf(deps.installationId, worker.workerId),
    clusterId,
    templateId,
    storageDomainId: templateId === undefined ? undefined : places.storageDomainId,
    correlationId: workerCorrelationIdOf(worker.workerId),
  };
  const ask = (): Promise<string> => askToMake(deps, worker, () => hypervisor.createMachine(request, signal));
  try {
    return await throughConflicts(deps, { what: `vm ${name}`, deadlineMs: 60_000 }, ask, signal);
  } catch (caught) {
    if (!hasCode(caught, "ALREADY_EXISTS", "ENGINE_UNREACHABLE")) throw caught;
    // The answer of an earlier request may have been lost: then the VM of this name is ours.
    const ours = await lookAtVm(deps, at, signal);
    if (ours !== undefined) return ours.id;
    throw hasCode(caught, "ALREADY_EXISTS") ? foreign(name, caught) : caught;
  }
};

const foreign = (name: string, cause: unknown): HoldfastError =>
  new HoldfastError("WORKER_VM_FOREIGN", `the manager has a vm ${name} that is not ours; it is left alone`, { cause });

const templateIdOf = async ({ hypervisor }: WorkerAt, name: string, signal: AbortSignal): Promise<string> => {
  const template = await hypervisor.findTemplate(name, signal);
  if (template === undefined) throw new HoldfastError("INVALID_ARGUMENT", `the manager has no template ${name}`);
  if (template.status === "ok") return template.id;
  throw new HoldfastError("ENGINE_CONFLICT", `template ${name} is ${template.status}`);
};

const awaitDown = async (deps: WorkerDeps, at: WorkerAt, vmId: string, signal: AbortSignal): Promise<Vm> => {
  const { hypervisor } = at;
  const look = async (): Promise<Vm | undefined> => {
    const vm = await hypervisor.getVm(vmId, signal);
    if (vm.status === "image_locked") return undefined;
    if (vm.status === "down") return vm;
    throw new HoldfastError("FAILED_PRECONDITION", `the new vm ${vmId} is ${vm.status}, not down`);
  };
  return waitFor(deps, { what: `vm ${vmId} to be made`, deadlineMs: makeMs }, look, signal);
};

const attach = async (
  deps: WorkerDeps,
  { hypervisor }: WorkerAt,
  { vmId, diskId }: { readonly vmId: string; readonly diskId: string },
  signal: AbortSignal,
): Promise<void> => {
  const wanted = { vmId, diskId, interface: "virtio_scsi", bootable: true, active: true, readOnly: false };
  const ask = (): Promise<void> => hypervisor.attachDisk(wanted, signal);
  await throughConflicts(deps, { what: `disk ${diskId}`, deadlineMs: 120_000 }, ask, signal);
};
