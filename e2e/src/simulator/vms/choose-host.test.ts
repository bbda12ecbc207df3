import { expect, test } from "vitest";

import type { AffinityGroup, AffinityRule } from "../model/affinity-group.ts";
import type { Vm } from "../model/vm.ts";
import { type World, emptyWorld } from "../model/world.ts";
import { chooseHost } from "./choose-host.ts";

const MiB = 2 ** 20;

/** As much of a VM as the choice looks at. */
const vm = (id: string, changes: Partial<Vm> = {}): Vm =>
  ({ id, name: id, clusterId: "c", memoryBytes: 512 * MiB, ...changes }) as Vm;

const worldOf = (vms: readonly Vm[], groups: readonly AffinityGroup[] = []): World => {
  const world = emptyWorld();
  for (const name of ["h1", "h2", "h3"]) {
    world.hosts.set(name, { id: name, name, clusterId: name === "h3" ? "d" : "c", address: name, status: "up" });
  }
  for (const one of vms) world.vms.set(one.id, one);
  for (const group of groups) world.affinityGroups.set(group.id, group);
  return world;
};

const off: AffinityRule = { enabled: false, enforcing: false, positive: false };
const group = (changes: Partial<AffinityGroup>): AffinityGroup => ({
  id: "g",
  clusterId: "c",
  name: "g",
  description: "",
  priority: 1,
  vmsRule: off,
  hostsRule: off,
  vmIds: ["new", "old"],
  hostIds: [],
  ...changes,
});
const rule = (positive: boolean, enforcing = true): AffinityRule => ({ enabled: true, enforcing, positive });

test.each<[string, AffinityGroup, string]>([
  ["together with", group({ vmsRule: rule(true) }), "h2"],
  ["apart from", group({ vmsRule: rule(false) }), "h1"],
  ["by wish only apart from", group({ vmsRule: rule(true, false) }), "h1"],
  ["on the hosts of the group, beside", group({ hostsRule: rule(true), hostIds: ["h2"] }), "h2"],
  ["off the hosts of the group, beside", group({ hostsRule: rule(false), hostIds: ["h1"] }), "h2"],
  ["in no group with", group({ vmIds: ["old"], vmsRule: rule(true) }), "h1"],
])("a VM goes %s another", (_, affinity, expected) => {
  const wanted = vm("new");
  expect(chooseHost(worldOf([wanted, vm("old", { hostId: "h2" })], [affinity]), wanted).id).toBe(expected);
});

test("a host is preferred where it is not demanded, and passed when it has no room", () => {
  const wanted = vm("new", { placement: { affinity: "migratable", hostIds: ["h2"] } });
  const world = worldOf([wanted, vm("old", { hostId: "h2" })]);
  expect(chooseHost(world, wanted).id).toBe("h2");
  Object.assign(world.hosts.get("h2") ?? {}, { memoryBytes: 1023 * MiB });
  expect(chooseHost(world, wanted).id).toBe("h1");
  Object.assign(world.hosts.get("h2") ?? {}, { memoryBytes: 1024 * MiB });
  expect(chooseHost(world, wanted).id).toBe("h2");
});

test("a VM with a label goes only to hosts that have it", () => {
  const wanted = vm("new");
  const world = worldOf([wanted]);
  world.affinityLabels.set("l", { id: "l", name: "gpu", vmIds: ["new"], hostIds: ["h2"] });
  expect(chooseHost(world, wanted).id).toBe("h2");
  world.affinityLabels.set("m", { id: "m", name: "ssd", vmIds: ["new"], hostIds: [] });
  expect(() => chooseHost(world, wanted)).toThrow(/h2 did not satisfy internal filter Label because .* label ssd/);
});

test("when no host is left each one's reason is told", () => {
  const wanted = vm("new", { placement: { affinity: "pinned", hostIds: ["h2"] } });
  const world = worldOf([wanted]);
  Object.assign(world.hosts.get("h2") ?? {}, { memoryBytes: 100 * MiB });
  expect(() => chooseHost(world, wanted)).toThrow(
    /host h1 did not satisfy internal filter PinToHost .*host h2 did not satisfy internal filter Memory .*\(100 MB\)/,
  );
});
