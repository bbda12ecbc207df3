import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";

import type { CaptureRemark } from "../capture/reasons.ts";
import { type StepDeps, throughConflicts, waitFor } from "../capture/waiting.ts";
import type { Vm, VnicProfile } from "../hypervisor/inventory.ts";
import { type Owner, correlationIdOf, isSameOwner, markOf, parseMark } from "../hypervisor/marks.ts";
import type { SavedNic, SavedVm } from "../hypervisor/vm-configuration.ts";
import type { MadeDisk } from "./engine-steps.ts";
import { stripOvf } from "./saved-ovf.ts";

/** A VM to build from a point. */
export interface BuildRequest {
  readonly owner: Owner;
  readonly name: string;
  readonly clusterId: string;
  readonly saved: SavedVm;
  /** The filled disks, by disk of the point. */
  readonly disks: readonly MadeDisk[];
  readonly keepMacs: boolean;
}

/** A VM that was built. */
export interface BuiltVm {
  readonly vmId: string;
  readonly remarks: readonly CaptureRemark[];
}

/**
 * Builds the VM of a restore around its filled disks: VM, disks, NICs, in an order that can be repeated after any crash. It
 * carries the mark until `releaseVm`. ALREADY_EXISTS when another VM has the name.
 */
export const buildVm = async (deps: StepDeps, request: BuildRequest, signal: AbortSignal): Promise<BuiltVm> => {
  const { vm, remarks } = await obtainVm(deps, request, signal);
  await awaitDown(deps, vm.id, signal);
  await attachDisks(deps, request, vm.id, signal);
  const nicRemarks = await addNics(deps, request, vm.id, signal);
  return { vmId: vm.id, remarks: [...remarks, ...nicRemarks] };
};

/**
 * Gives the VM its own description in place of the mark: from then on it is the user's, and nobody takes it back. `releaseDisks`
 * comes after it: a crash between the two leaves marked disks in a VM that is not ours, which the janitor does not touch.
 */
export const releaseVm = async (
  deps: StepDeps,
  request: { readonly vmId: string; readonly description: string },
  signal: AbortSignal,
): Promise<void> => {
  const ask = (): Promise<void> => deps.hypervisor.describeVm(request, signal);
  await throughConflicts(deps, { what: `vm ${request.vmId}`, deadlineMs: 120_000 }, ask, signal);
};

const obtainVm = async (
  deps: StepDeps,
  request: BuildRequest,
  signal: AbortSignal,
): Promise<{ readonly vm: Vm; readonly remarks: readonly CaptureRemark[] }> => {
  const before = await findOurs(deps, request, signal);
  if (before !== undefined) return { vm: before, remarks: [] };

  const ovf = request.saved.ovf === undefined ? undefined : stripOvf(request.saved.ovf);
  if (ovf === undefined) return { vm: await createVm(deps, request, undefined, signal), remarks: [plainly] };
  try {
    return { vm: await createVm(deps, request, ovf, signal), remarks: [] };
  } catch (caught) {
    if (!hasCode(caught, "ENGINE_FAULT")) throw caught;
    deps.log.warn("the engine refuses the saved ovf", { task: request.owner.taskId, err: caught });
    return { vm: await createVm(deps, request, undefined, signal), remarks: [plainly] };
  }
};

const plainly: CaptureRemark = {
  level: "warning",
  code: "OVF_NOT_USED",
  message: "the saved OVF could not be used: the VM is built from its main settings only",
  diskId: "",
};

const createVm = async (
  deps: StepDeps,
  request: BuildRequest,
  ovf: string | undefined,
  signal: AbortSignal,
): Promise<Vm> => {
  const { owner, name, clusterId, saved } = request;
  const ask = (): Promise<Vm> =>
    deps.hypervisor.createVm(
      {
        name,
        description: markOf(owner),
        clusterId,
        configuration: saved.configuration,
        ovf,
        correlationId: correlationIdOf(owner),
      },
      signal,
    );
  try {
    return await throughConflicts(deps, { what: `vm ${name}`, deadlineMs: 60_000 }, ask, signal);
  } catch (caught) {
    // The answer of an earlier request may have been lost: then the VM of this name is ours.
    const ours = hasCode(caught, "ALREADY_EXISTS", "ENGINE_UNREACHABLE")
      ? await findOurs(deps, request, signal)
      : undefined;
    if (ours === undefined) throw caught;
    return ours;
  }
};

const findOurs = async (
  deps: StepDeps,
  { owner, name }: BuildRequest,
  signal: AbortSignal,
): Promise<Vm | undefined> => {
  const named = await deps.hypervisor.findVms(name, signal);
  return named.find(({ description }) => {
    const found = parseMark(description);
    return found !== undefined && isSameOwner(found, owner);
  });
};

const awaitDown = async (deps: StepDeps, vmId: string, signal: AbortSignal): Promise<void> => {
  const look = async (): Promise<true | undefined> => {
    const { status } = await deps.hypervisor.getVm(vmId, signal);
    if (status === "down") return true;
    if (status === "image_locked") return undefined;
    throw new HoldfastError("FAILED_PRECONDITION", `the restored vm ${vmId} is ${status}, not down`, {
      details: { vmId },
    });
  };
  await waitFor(deps, { what: `vm ${vmId} to be made`, deadlineMs: 600_000 }, look, signal);
};

const attachDisks = async (deps: StepDeps, request: BuildRequest, vmId: string, signal: AbortSignal): Promise<void> => {
  for (const { pointDiskId, targetDiskId } of request.disks) {
    const saved = request.saved.configuration.disks.find(({ id }) => id === pointDiskId);
    const ask = (): Promise<void> =>
      deps.hypervisor.attachDisk(
        {
          vmId,
          diskId: targetDiskId,
          interface: saved?.interface ?? "virtio_scsi",
          bootable: saved?.bootable ?? false,
          active: saved?.active ?? true,
          readOnly: saved?.readOnly ?? false,
          passDiscard: saved?.passDiscard,
        },
        signal,
      );
    await throughConflicts(deps, { what: `disk ${targetDiskId}`, deadlineMs: 120_000 }, ask, signal);
  }
};

const addNics = async (
  deps: StepDeps,
  request: BuildRequest,
  vmId: string,
  signal: AbortSignal,
): Promise<readonly CaptureRemark[]> => {
  const { nics } = request.saved.configuration;
  if (nics.length === 0) return [];
  const there = await deps.hypervisor.listNicNames(vmId, signal);
  const profiles = await deps.hypervisor.listVnicProfiles(signal);
  const remarks: CaptureRemark[] = [];
  for (const nic of nics) {
    const profile = profileFor(nic, profiles);
    if (profile === undefined && nic.profileName !== undefined) remarks.push(noProfile(nic));
    if (there.includes(nic.name)) continue;
    const isKept = await addNic(deps, { request, vmId, nic, profile }, signal);
    if (!isKept) remarks.push(macTaken(nic));
  }
  return remarks;
};

/** The profile of the same name on a network of the same name; profiles of one name on other networks are not it. */
export const profileFor = (nic: SavedNic, profiles: readonly VnicProfile[]): VnicProfile | undefined =>
  profiles.find(({ name, networkName }) => name === nic.profileName && networkName === nic.networkName);

interface NicStep {
  readonly request: BuildRequest;
  readonly vmId: string;
  readonly nic: SavedNic;
  readonly profile: VnicProfile | undefined;
}

/** Answers false when the NIC had to take another MAC than the wanted one. */
const addNic = async (deps: StepDeps, step: NicStep, signal: AbortSignal): Promise<boolean> => {
  const { request, vmId, nic, profile } = step;
  const { name, linked, plugged } = nic;
  const ask = (mac: string | undefined): Promise<void> => {
    const wanted = { vmId, name, linked, plugged, interface: nic.interface, vnicProfileId: profile?.id, mac };
    return throughConflicts(
      deps,
      { what: `nic ${name}`, deadlineMs: 60_000 },
      () => deps.hypervisor.addNic(wanted, signal),
      signal,
    );
  };
  try {
    await ask(request.keepMacs ? nic.mac : undefined);
    return true;
  } catch (caught) {
    if (!request.keepMacs || !hasCode(caught, "ALREADY_EXISTS")) throw caught;
    await ask(undefined);
    return false;
  }
};

const noProfile = ({ name, profileName, networkName }: SavedNic): CaptureRemark => ({
  level: "warning",
  code: "NIC_WITHOUT_NETWORK",
  message: `nic ${name}: there is no vnic profile ${profileName ?? ""} on a network ${networkName ?? ""}`,
  diskId: "",
});

const macTaken = ({ name, mac }: SavedNic): CaptureRemark => ({
  level: "warning",
  code: "MAC_IN_USE",
  message: `nic ${name}: ${mac ?? "its mac"} is in use, it got a new one`,
  diskId: "",
});
