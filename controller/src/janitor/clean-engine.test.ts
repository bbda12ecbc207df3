import { type Clock, systemClock } from "@holdfast/shared/clock/clock";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";

import { awaitReady, beginCapture } from "../capture/begin-capture.ts";
import { endCapture } from "../capture/end-capture.ts";
import { examineVm } from "../capture/examine-vm.ts";
import { openDisk } from "../capture/open-disk.ts";
import { askForSnapshot, awaitSnapshot } from "../capture/take-snapshot.ts";
import { throughConflicts, waitFor } from "../capture/waiting.ts";
import { type Lab, type LabVm, plainVm, startLab } from "../engine/testing/start-simulator.ts";
import type { Hypervisor } from "../hypervisor/hypervisor.ts";
import { type Owner, captureIdOf, correlationIdOf, markOf } from "../hypervisor/marks.ts";
import type { SurveyedVm } from "../hypervisor/survey.ts";
import { buildVm, releaseVm } from "../restore/build-vm.ts";
import { makeDisks } from "../restore/engine-steps.ts";
import { type FenceAnswer, type JanitorDeps, cleanEngine } from "./clean-engine.ts";
import type { Known } from "./plan-cleaning.ts";

const never = new AbortController().signal;
const pace = { requestTimeoutMs: 30_000, maxPasses: 10 };
const noneKnown: Known = {
  liveOwners: [],
  uncertainOwners: [],
  succeededOwners: [],
  transferOwners: new Map(),
  snapshotOwners: new Map(),
  heldGuests: [],
  neededCheckpoints: new Map(),
};

let lab: Lab;
let fenced: Owner[] = [];
let thawed: string[] = [];
let longPauses: number[] = [];
beforeAll(async () => {
  lab = await startLab();
});
beforeEach(() => {
  fenced = [];
  thawed = [];
  longPauses = [];
});
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
});

let tasks = 0;
const newOwner = (installationId = "inst"): Owner => ({
  installationId,
  taskId: `t${(tasks += 1)}`,
  attemptNumber: 1,
  attemptId: "a1",
});

/** Real time, but for the request time-out between two passes, which is only noted. */
const clock: Clock = {
  ...systemClock,
  sleep: async (ms, signal) => {
    if (ms === pace.requestTimeoutMs) longPauses.push(ms);
    else await systemClock.sleep(ms, signal);
  },
};

const janitor = (known: Partial<Known> = {}, fence: FenceAnswer = "retired"): JanitorDeps => ({
  ...lab.deps,
  clock,
  installationId: "inst",
  known: async () => ({ ...noneKnown, ...known }),
  noteThawed: async (_owner, vmId) => {
    thawed.push(vmId);
  },
  fence: async (owner) => {
    fenced.push(owner);
    return fence;
  },
});

const freeze = async (owner: Owner, vm: LabVm) => {
  const wanted = { vmId: vm.id, base: undefined, excludedDiskIds: new Set<string>() };
  const patience = { what: `vm ${vm.name}`, deadlineMs: 30_000 };
  const { plan } = await throughConflicts(lab.deps, patience, () => examineVm(lab.deps, wanted, never), never);
  const request = { owner, vmId: vm.id, vmStatus: "up", plan };
  await beginCapture(lab.deps, request, never);
  return awaitReady(lab.deps, request, never);
};

const download = (owner: Owner, vm: LabVm) =>
  openDisk(
    lab.deps,
    { owner, diskId: vm.disks[0]?.id ?? "", direction: "download", captureId: captureIdOf(owner), repeated: false },
    async () => undefined,
    never,
  );

const end = (owner: Owner, vm: LabVm) =>
  endCapture(lab.deps, { vmId: vm.id, captureId: captureIdOf(owner), correlationId: correlationIdOf(owner) }, never);

test("R6: with every state of ours lost, a running backup is fenced and cleaned away, and two quiet passes follow", async () => {
  const vm = await lab.addVm(plainVm("vm-lost"));
  const owner = newOwner();
  await freeze(owner, vm);
  await download(owner, vm);

  const report = await cleanEngine(janitor(), pace, never);
  expect(report).toMatchObject({ passes: 3, failed: [], left: [], isClean: true });
  expect(report.done.map(({ kind }) => kind)).toEqual(["fence", "close-transfer", "end-capture"]);
  expect(fenced).toEqual([owner]);
  expect(longPauses).toHaveLength(2);
  expect(await lab.leftovers()).toMatchObject({
    backups: [],
    transfers: [],
    snapshots: [],
    tickets: 0,
    strayVolumes: [],
  });
});

test("R6: a snapshot of ours is removed, one that somebody described like ours is named and stays", async () => {
  const [vm, other] = [await lab.addVm(plainVm("vm-ours")), await lab.addVm(plainVm("vm-lookalike"))];
  const owner = newOwner();
  const { plan } = await examineVm(lab.deps, { vmId: vm.id, base: undefined, excludedDiskIds: new Set() }, never);
  const snapshotId = await askForSnapshot(lab.deps, { owner, vmId: vm.id, plan }, never);
  await awaitSnapshot(lab.deps, { owner, vmId: vm.id, plan, snapshotId }, never);
  const lookalike = await lab.control<{ id: string }>("POST", `/vms/${other.id}/snapshots`, {
    description: markOf(newOwner()),
  });
  const isReady = async () =>
    (await lab.hypervisor.listSnapshots(other.id, never)).every(({ status }) => status === "ok");
  await waitFor(
    lab.deps,
    { what: "a snapshot", deadlineMs: 10_000 },
    async () => (await isReady()) || undefined,
    never,
  );

  const report = await cleanEngine(janitor(), pace, never);
  expect(report.done.map(({ kind }) => kind)).toEqual(["fence", "remove-snapshot"]);
  expect(report).toMatchObject({ failed: [], isClean: true, left: [{ what: "snapshot", id: lookalike.id }] });
  expect(fenced).toEqual([owner]);
  expect((await lab.leftovers()).snapshots).toMatchObject([{ id: lookalike.id, madeBy: "lab" }]);
  await lab.control("DELETE", `/vms/${other.id}/snapshots/${lookalike.id}`);
});

test("a guest that holds still for an attempt that is over is thawed, and one that is gone is no trouble", async () => {
  const vm = await lab.addVm(plainVm("vm-held"));
  const owner = newOwner();
  await lab.hypervisor.freezeGuest({ vmId: vm.id, correlationId: correlationIdOf(owner) }, never);
  expect(await lab.leftovers()).toMatchObject({ frozenGuests: [vm.id] });
  const heldGuests = [{ vmId: vm.id, owner }];
  const gone = [{ vmId: "00000000-0000-4000-8000-000000000009", owner }];
  await cleanEngine(janitor({ heldGuests }), { ...pace, maxPasses: 1 }, never);
  await cleanEngine(janitor({ heldGuests: gone }), { ...pace, maxPasses: 1 }, never);
  expect(thawed).toEqual([vm.id, gone[0]?.vmId]);
  expect(await lab.leftovers()).toMatchObject({ frozenGuests: [] });
});

test("another installation's backup and a live one of ours run on untouched", async () => {
  const [foreignVm, liveVm] = [await lab.addVm(plainVm("vm-foreign")), await lab.addVm(plainVm("vm-live"))];
  const [foreign, live] = [newOwner("other"), newOwner()];
  await freeze(foreign, foreignVm);
  await download(foreign, foreignVm);
  await freeze(live, liveVm);
  await download(live, liveVm);
  const report = await cleanEngine(janitor({ liveOwners: [live] }), pace, never);
  expect(report).toMatchObject({ passes: 2, done: [], failed: [], isClean: true });
  expect(fenced).toEqual([]);
  const left = await lab.leftovers();
  expect(left.backups).toHaveLength(2);
  expect(left.transfers).toHaveLength(2);
  await end(foreign, foreignVm);
  await end(live, liveVm);
});

test("checkpoints go when no newest good point names them, stay when nobody knows, and stay when a fence got no answer", async () => {
  const vm = await lab.addVm(plainVm("vm-checkpoints"));
  const [old, needed] = [newOwner(), newOwner()];
  const { checkpointId: oldId } = await freeze(old, vm);
  await end(old, vm);
  const { checkpointId: neededId = "" } = await freeze(needed, vm);
  await end(needed, vm);
  const listed = async () => (await lab.hypervisor.listCheckpoints(vm.id, never)).map(({ id }) => id);

  await cleanEngine(janitor(), pace, never);
  expect(await listed()).toEqual([oldId, neededId]);
  const neededCheckpoints = new Map([[vm.id, new Set([neededId])]]);
  await cleanEngine(janitor({ neededCheckpoints, uncertainOwners: [old] }), pace, never);
  expect(await listed()).toEqual([oldId, neededId]);
  const report = await cleanEngine(janitor({ neededCheckpoints }), pace, never);
  expect(report.done).toEqual([expect.objectContaining({ kind: "remove-checkpoint", checkpointId: oldId })]);
  expect(await listed()).toEqual([neededId]);
});

/** A VM with a user's snapshot, and a capture of ours that ended without its merge. */
const leaveSnapshot = async (name: string) => {
  const vm = await lab.addVm(plainVm(name));
  await lab.control("POST", `/vms/${vm.id}/snapshots`, { description: "Auto-generated for Backup VM" });
  await lab.control("POST", `/vms/${vm.id}/leave-snapshot`);
  const { captureId, snapshotId } = await freeze(newOwner(), vm);
  await lab.hypervisor.finalizeCapture({ vmId: vm.id, captureId, correlationId: "c" }, never);
  const ended = async () => {
    const now = await lab.hypervisor.getCapture(vm.id, captureId, never);
    return now?.phase === "succeeded" ? true : undefined;
  };
  await waitFor(lab.deps, { what: `capture ${captureId} to end`, deadlineMs: 60_000 }, ended, never);
  return { vm, snapshotId };
};

test("a capture that the engine is still ending is waited for: what it leaves is found", async () => {
  const { vm, snapshotId } = await leaveSnapshot("vm-merging");
  let surveys = 0;
  const slow: Partial<Hypervisor> = {
    survey: async (request, signal) => {
      const found = await lab.hypervisor.survey(request, signal);
      surveys += 1;
      return surveys > 3
        ? found
        : { ...found, vms: found.vms.map((one) => (one.vm.id === vm.id ? stillMerging(one) : one)) };
    },
    listSnapshots: (vmId, signal) => lab.hypervisor.listSnapshots(vmId, signal),
    removeSnapshot: (request, signal) => lab.hypervisor.removeSnapshot(request, signal),
  };
  const few = await cleanEngine({ ...janitor(), hypervisor: slow as Hypervisor }, { ...pace, maxPasses: 3 }, never);
  expect(few).toMatchObject({ passes: 3, done: [], ending: 2, isClean: false });
  surveys = 0;
  const report = await cleanEngine({ ...janitor(), hypervisor: slow as Hypervisor }, pace, never);
  expect(report).toMatchObject({ passes: 6, ending: 0, isClean: true });
  expect(report.done).toEqual([expect.objectContaining({ kind: "remove-snapshot", vmId: vm.id, snapshotId })]);
});

/** As a survey shows a VM whose captures and snapshots the engine has not ended yet. */
const stillMerging = (vm: SurveyedVm): SurveyedVm => ({
  ...vm,
  captures: vm.captures.map((capture) => ({ ...capture, phase: "finalizing" })),
  snapshots: vm.snapshots.map((snapshot) => ({ ...snapshot, status: "locked" })),
});

test("a snapshot that the engine failed to merge is merged by the row of its capture, or by the journal later", async () => {
  const { vm, snapshotId } = await leaveSnapshot("vm-snapshot");
  const report = await cleanEngine(janitor(), pace, never);
  expect(report.done).toEqual([expect.objectContaining({ kind: "remove-snapshot", snapshotId })]);
  const left = await lab.leftovers();
  expect(left.snapshots.filter(({ vmId }) => vmId === vm.id).map(({ madeBy }) => madeBy)).toEqual(["lab"]);
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
  const [lost, good] = [newOwner(), newOwner()];
  await build(lost, "restored-lost");
  const kept = await build(good, "restored-good");

  const report = await cleanEngine(janitor({ succeededOwners: [good] }), pace, never);
  expect(report).toMatchObject({ failed: [], left: [], isClean: true });
  expect(fenced).toEqual([lost]);
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
  const owner = newOwner();
  const [disk] = saved.configuration.disks;
  const targets =
    disk === undefined ? [] : [{ saved: disk, alias: "given", storageDomainId: storageDomains[0]?.id ?? "" }];
  const disks = await makeDisks(lab.deps, { owner, disks: targets }, never);
  const request = { owner, name: "given", clusterId: clusters[0]?.id ?? "", saved, disks, keepMacs: false };
  const { vmId } = await buildVm(lab.deps, request, never);
  await releaseVm(lab.deps, { vmId, description: "mine now" }, never);
  const report = await cleanEngine(janitor(), pace, never);
  expect(report.done).toEqual([]);
  expect(report.left).toEqual([expect.objectContaining({ what: "disk", id: disks[0]?.targetDiskId })]);
  expect((await lab.hypervisor.getVm(vmId, never)).disks.map(({ description }) => description)).toEqual([
    markOf(owner),
  ]);
  await cleanEngine(janitor({ succeededOwners: [owner] }), pace, never);
});

test("what cannot be cleaned now is told and tried again by the next pass", async () => {
  const vm = await lab.addVm(plainVm("vm-stubborn"));
  await freeze(newOwner(), vm);
  const route = "POST /vms/:vm/backups/:backup/finalize";
  await lab.control("POST", "/faults", { route, effect: { kind: "fault", status: 403, detail: "not now" } });
  const report = await cleanEngine(janitor(), { ...pace, maxPasses: 1 }, never);
  expect(report.failed).toEqual([
    expect.objectContaining({ error: expect.objectContaining({ code: "ENGINE_FORBIDDEN" }) as unknown }),
  ]);
  expect(report.isClean).toBe(false);
  expect(await cleanEngine(janitor(), pace, never)).toMatchObject({ failed: [], isClean: true });
  expect((await lab.leftovers()).backups).toEqual([]);
});

test("a VM that cannot be cleaned, or looked at, does not stop the others", async () => {
  const [stubborn, hidden, easy] = [
    await lab.addVm(plainVm("a-stubborn")),
    await lab.addVm(plainVm("b-hidden")),
    await lab.addVm(plainVm("c-easy")),
  ];
  for (const vm of [stubborn, hidden, easy]) await freeze(newOwner(), vm);
  const refuse = { kind: "status", status: 400, detail: "[not now]" };
  await lab.control("POST", "/rules", {
    match: { call: `POST /vms/${stubborn.id}/backups/*/finalize` },
    what: refuse,
  });
  await lab.control("POST", "/rules", { match: { call: `GET /vms/${hidden.id}/backups/*/disks` }, what: refuse });

  const first = await cleanEngine(janitor(), { ...pace, maxPasses: 1 }, never);
  expect(first.failed).toEqual([
    expect.objectContaining({
      action: expect.objectContaining({ kind: "end-capture", vmId: stubborn.id }) as unknown,
      error: expect.objectContaining({ code: "ENGINE_FAULT" }) as unknown,
    }),
  ]);
  expect(first.unread).toEqual([
    { vmId: hidden.id, error: expect.objectContaining({ code: "ENGINE_FAULT" }) as unknown },
  ]);
  expect(first.done).toContainEqual(expect.objectContaining({ kind: "end-capture", vmId: easy.id }));
  expect(first.isClean).toBe(false);

  await lab.control("DELETE", "/rules");
  expect(await cleanEngine(janitor(), pace, never)).toMatchObject({ failed: [], unread: [], isClean: true });
  expect((await lab.leftovers()).backups).toEqual([]);
});
