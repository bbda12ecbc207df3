import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";

import { type Lab, plainVm } from "../engine/testing/start-simulator.ts";
import { type Owner, markOf } from "../hypervisor/marks.ts";
import { buildVm, releaseVm } from "../restore/build-vm.ts";
import { makeDisks } from "../restore/engine-steps.ts";
import { cleanEngine } from "./clean-engine.ts";
import { type JanitorLab, never, openJanitorLab, pace } from "./testing/open-janitor-lab.ts";

let home: JanitorLab;
let lab: Lab;
beforeAll(async () => {
  home = await openJanitorLab();
  lab = home.lab;
});
beforeEach(() => {
  home.forget();
});
afterAll(async () => {
  await home?.[Symbol.asyncDispose]();
});

test("what a lost restore made is removed; one that succeeded keeps all and loses its marks", async () => {
  const vm = await lab.addVm(plainVm("vm-source", { status: "down" }));
  const saved = await lab.hypervisor.getVmConfiguration(vm.id, never);
  const { clusters, storageDomains } = await lab.hypervisor.readInventory(never);
  const build = async (owner: Owner, name: string) => {
    const storageDomainId = storageDomains[0]?.id ?? "";
    const targets = saved.configuration.disks.map((disk) => ({ saved: disk, alias: name, storageDomainId }));
    const disks = await makeDisks(lab.deps, { owner, disks: targets }, never);
    const clusterId = clusters[0]?.id ?? "";
    return buildVm(lab.deps, { owner, name, clusterId, saved, disks, keepMacs: false }, never);
  };
  const [lost, good] = [home.newOwner(), home.newOwner()];
  await build(lost, "restored-lost");
  const kept = await build(good, "restored-good");

  const report = await cleanEngine(home.janitor({ succeededOwners: [good] }), pace, never);
  expect(report).toMatchObject({ failed: [], left: [], isClean: true });
  expect(home.fenced).toEqual([lost]);
  const left = await lab.leftovers();
  expect([...left.vms, ...left.disks].filter(({ description }) => description.startsWith("holdfast/"))).toEqual([]);
  expect(left.vms.map(({ name }) => name)).toContain("restored-good");
  expect(left.vms.map(({ name }) => name)).not.toContain("restored-lost");
  expect((await lab.hypervisor.getVm(kept.vmId, never)).disks).toHaveLength(1);
});

test("a restored VM that was given away keeps its disks, though their marks are still there", async () => {
  const vm = await lab.addVm(plainVm("vm-given", { status: "down" }));
  const saved = await lab.hypervisor.getVmConfiguration(vm.id, never);
  const { clusters, storageDomains } = await lab.hypervisor.readInventory(never);
  const owner = home.newOwner();
  const [disk] = saved.configuration.disks;
  const targets =
    disk === undefined ? [] : [{ saved: disk, alias: "given", storageDomainId: storageDomains[0]?.id ?? "" }];
  const disks = await makeDisks(lab.deps, { owner, disks: targets }, never);
  const request = { owner, name: "given", clusterId: clusters[0]?.id ?? "", saved, disks, keepMacs: false };
  const { vmId } = await buildVm(lab.deps, request, never);
  await releaseVm(lab.deps, { vmId, description: "mine now" }, never);
  const report = await cleanEngine(home.janitor(), pace, never);
  expect(report.done).toEqual([]);
  expect(report.left).toEqual([expect.objectContaining({ what: "disk", id: disks[0]?.targetDiskId })]);
  expect((await lab.hypervisor.getVm(vmId, never)).disks.map(({ description }) => description)).toEqual([
    markOf(owner),
  ]);
  await cleanEngine(home.janitor({ succeededOwners: [owner] }), pace, never);
});
