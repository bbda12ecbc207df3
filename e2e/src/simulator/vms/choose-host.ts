import { conflict } from "../engine/engine-fault.ts";
import type { AffinityGroup, AffinityRule } from "../model/affinity-group.ts";
import type { Host } from "../model/inventory.ts";
import type { Vm } from "../model/vm.ts";
import type { World } from "../model/world.ts";

/** Why a host cannot run a VM: the engine's filter, and what it says. */
interface Objection {
  readonly filter: string;
  readonly detail: string;
}

const MiB = 2 ** 20;

const byMemory = (world: World, vm: Vm, host: Host): Objection | undefined => {
  if (host.memoryBytes === undefined) return undefined;
  const others = [...world.vms.values()].filter((one) => one !== vm && one.hostId === host.id);
  const free = host.memoryBytes - others.reduce((sum, one) => sum + one.memoryBytes, 0);
  if (free >= vm.memoryBytes) return undefined;
  const shown = Math.max(0, Math.floor(free / MiB));
  return { filter: "Memory", detail: `its available memory is too low (${shown} MB) to run the VM` };
};

const byPin = (vm: Vm, host: Host, only: readonly string[]): Objection | undefined => {
  const pinned = vm.placement?.affinity === "pinned" ? vm.placement.hostIds : [];
  const isAllowed = [pinned, only].every((ids) => ids.length === 0 || ids.includes(host.id));
  return isAllowed ? undefined : { filter: "PinToHost", detail: "the VM is pinned to other hosts" };
};

const isStrict = (rule: AffinityRule): boolean => rule.enabled && rule.enforcing;

/** Hosts that run the group's other VMs. */
const hostsOfOthers = (world: World, group: AffinityGroup, vm: Vm): readonly string[] =>
  group.vmIds.filter((id) => id !== vm.id).flatMap((id) => world.vms.get(id)?.hostId ?? []);

const byAffinity = (world: World, vm: Vm, host: Host): Objection | undefined => {
  for (const group of world.affinityGroups.values()) {
    if (!group.vmIds.includes(vm.id)) continue;
    const others = hostsOfOthers(world, group, vm);
    if (isStrict(group.vmsRule) && others.length > 0 && others.includes(host.id) !== group.vmsRule.positive) {
      return { filter: "VmAffinityGroups", detail: `it did not match ${group.name}'s affinity rules` };
    }
    if (isStrict(group.hostsRule) && group.hostIds.includes(host.id) !== group.hostsRule.positive) {
      return { filter: "VmToHostsAffinityGroups", detail: `it did not match ${group.name}'s affinity rules` };
    }
  }
  return undefined;
};

const byLabel = (world: World, vm: Vm, host: Host): Objection | undefined => {
  const missing = [...world.affinityLabels.values()].find(
    ({ vmIds, hostIds }) => vmIds.includes(vm.id) && !hostIds.includes(host.id),
  );
  return missing === undefined ? undefined : { filter: "Label", detail: `it does not have the label ${missing.name}` };
};

const refusal = (objections: readonly (readonly [Host, Objection])[]): Error => {
  const base = "Cannot run VM. There is no host that satisfies current scheduling constraints.";
  if (objections.length === 0) return conflict(base);
  return conflict(
    `${base} See below for details:`,
    ...objections.map(
      ([host, { filter, detail }]) =>
        `The host ${host.name} did not satisfy internal filter ${filter} because ${detail}.`,
    ),
  );
};

/**
 * A host of the VM's cluster that can run it now; one that it starts on by preference before others. `only` are the hosts that
 * this start may use, every one when there are none. Refuses with the reason of every host that is up.
 */
export const chooseHost = (world: World, vm: Vm, only: readonly string[] = []): Host => {
  const up = [...world.hosts.values()].filter((host) => host.clusterId === vm.clusterId && host.status === "up");
  const judged = up.map((host) => ({
    host,
    objection:
      byPin(vm, host, only) ?? byMemory(world, vm, host) ?? byAffinity(world, vm, host) ?? byLabel(world, vm, host),
  }));
  const able = judged.flatMap(({ host, objection }) => (objection === undefined ? [host] : []));
  const chosen = able.find((host) => vm.placement?.hostIds.includes(host.id)) ?? able[0];
  if (chosen !== undefined) return chosen;
  throw refusal(judged.flatMap(({ host, objection }) => (objection === undefined ? [] : [[host, objection]])));
};
