import { type Clock, systemClock } from "@holdfast/shared/clock/clock";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";

import { endCapture } from "../capture/end-capture.ts";
import { examineVm } from "../capture/examine-vm.ts";
import { openDisk } from "../capture/open-disk.ts";
import { askForSnapshot, awaitSnapshot } from "../capture/take-snapshot.ts";
import { waitFor } from "../capture/waiting.ts";
import { type Lab, type LabVm, plainVm } from "../engine/testing/start-simulator.ts";
import type { Hypervisor } from "../hypervisor/hypervisor.ts";
import { type Owner, captureIdOf, correlationIdOf, markOf } from "../hypervisor/marks.ts";
import type { SurveyedVm } from "../hypervisor/survey.ts";
import { cleanEngine, cleanOnce } from "./clean-engine.ts";
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
  const owner = home.newOwner();
  await home.freeze(owner, vm);
  await download(owner, vm);

  const report = await cleanEngine(home.janitor(), pace, never);
  expect(report).toMatchObject({ passes: 3, failed: [], left: [], isClean: true });
  expect(report.done.map(({ kind }) => kind)).toEqual(["fence", "close-transfer", "end-capture"]);
  expect(home.fenced).toEqual([owner]);
  expect(home.longPauses).toHaveLength(2);
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
  const owner = home.newOwner();
  const { plan } = await examineVm(lab.deps, { vmId: vm.id, base: undefined, excludedDiskIds: new Set() }, never);
  const snapshotId = await askForSnapshot(lab.deps, { owner, vmId: vm.id, plan }, never);
  await awaitSnapshot(lab.deps, { owner, vmId: vm.id, plan, snapshotId }, never);
  const lookalike = await lab.control<{ id: string }>("POST", `/vms/${other.id}/snapshots`, {
    description: markOf(home.newOwner()),
  });
  const isReady = async () =>
    (await lab.hypervisor.listSnapshots(other.id, never)).every(({ status }) => status === "ok");
  await waitFor(
    lab.deps,
    { what: "a snapshot", deadlineMs: 10_000 },
    async () => (await isReady()) || undefined,
    never,
  );

  const report = await cleanEngine(home.janitor(), pace, never);
  expect(report.done.map(({ kind }) => kind)).toEqual(["fence", "remove-snapshot"]);
  expect(report).toMatchObject({ failed: [], isClean: true, left: [{ what: "snapshot", id: lookalike.id }] });
  expect(home.fenced).toEqual([owner]);
  expect((await lab.leftovers()).snapshots).toMatchObject([{ id: lookalike.id, madeBy: "lab" }]);
  await lab.control("DELETE", `/vms/${other.id}/snapshots/${lookalike.id}`);
});

test("a guest that holds still for an attempt that is over is thawed, and one that is gone is no trouble", async () => {
  const vm = await lab.addVm(plainVm("vm-held"));
  const owner = home.newOwner();
  await lab.hypervisor.freezeGuest({ vmId: vm.id, correlationId: correlationIdOf(owner) }, never);
  expect(await lab.leftovers()).toMatchObject({ frozenGuests: [vm.id] });
  const heldGuests = [{ vmId: vm.id, owner }];
  const gone = [{ vmId: "00000000-0000-4000-8000-000000000009", owner }];
  await cleanEngine(home.janitor({ heldGuests }), { ...pace, maxPasses: 1 }, never);
  await cleanEngine(home.janitor({ heldGuests: gone }), { ...pace, maxPasses: 1 }, never);
  expect(home.thawed).toEqual([vm.id, gone[0]?.vmId]);
  expect(await lab.leftovers()).toMatchObject({ frozenGuests: [] });
});

test("another installation's backup and a live one of ours run on untouched", async () => {
  const [foreignVm, liveVm] = [await lab.addVm(plainVm("vm-foreign")), await lab.addVm(plainVm("vm-live"))];
  const [foreign, live] = [home.newOwner("other"), home.newOwner()];
  await home.freeze(foreign, foreignVm);
  await download(foreign, foreignVm);
  await home.freeze(live, liveVm);
  await download(live, liveVm);
  const report = await cleanEngine(home.janitor({ liveOwners: [live] }), pace, never);
  expect(report).toMatchObject({ passes: 2, done: [], failed: [], isClean: true });
  expect(home.fenced).toEqual([]);
  const left = await lab.leftovers();
  expect(left.backups).toHaveLength(2);
  expect(left.transfers).toHaveLength(2);
  await end(foreign, foreignVm);
  await end(live, liveVm);
});

test("checkpoints go when no newest good point names them, stay when nobody knows, and stay when a fence got no answer", async () => {
  const vm = await lab.addVm(plainVm("vm-checkpoints"));
  const [old, needed] = [home.newOwner(), home.newOwner()];
  const { checkpointId: oldId } = await home.freeze(old, vm);
  await end(old, vm);
  const { checkpointId: neededId = "" } = await home.freeze(needed, vm);
  await end(needed, vm);
  const listed = async () => (await lab.hypervisor.listCheckpoints(vm.id, never)).map(({ id }) => id);

  await cleanEngine(home.janitor(), pace, never);
  expect(await listed()).toEqual([oldId, neededId]);
  const neededCheckpoints = new Map([[vm.id, new Set([neededId])]]);
  await cleanEngine(home.janitor({ neededCheckpoints, uncertainOwners: [old] }), pace, never);
  expect(await listed()).toEqual([oldId, neededId]);
  const report = await cleanEngine(home.janitor({ neededCheckpoints }), pace, never);
  expect(report.done).toEqual([expect.objectContaining({ kind: "remove-checkpoint", checkpointId: oldId })]);
  expect(await listed()).toEqual([neededId]);
});

/** A VM with a user's snapshot, and a capture of ours that ended without its merge. */
const leaveSnapshot = async (name: string) => {
  const vm = await lab.addVm(plainVm(name));
  await lab.control("POST", `/vms/${vm.id}/snapshots`, { description: "Auto-generated for Backup VM" });
  await lab.control("POST", `/vms/${vm.id}/leave-snapshot`);
  const { captureId, snapshotId } = await home.freeze(home.newOwner(), vm);
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
  const few = await cleanEngine(
    { ...home.janitor(), hypervisor: slow as Hypervisor },
    { ...pace, maxPasses: 3 },
    never,
  );
  expect(few).toMatchObject({ passes: 3, done: [], ending: 2, isClean: false });
  surveys = 0;
  const report = await cleanEngine({ ...home.janitor(), hypervisor: slow as Hypervisor }, pace, never);
  expect(report).toMatchObject({ passes: 6, ending: 0, isClean: true });
  expect(report.done).toEqual([expect.objectContaining({ kind: "remove-snapshot", vmId: vm.id, snapshotId })]);
});

test("a merge that outlasts a pass is still ending, and has not failed", async () => {
  const { vm, snapshotId } = await leaveSnapshot("vm-long-merge");
  let skippedMs = 0;
  const hasty: Clock = {
    ...systemClock,
    monotonicMs: () => systemClock.monotonicMs() + skippedMs,
    sleep: async (ms) => {
      skippedMs += ms;
    },
  };
  const merging: Partial<Hypervisor> = {
    survey: (request, signal) => lab.hypervisor.survey(request, signal),
    removeSnapshot: () => Promise.resolve(),
    listSnapshots: async (vmId, signal) =>
      (await lab.hypervisor.listSnapshots(vmId, signal)).map((snapshot) => ({ ...snapshot, status: "locked" })),
  };
  const deps = { ...home.janitor(), clock: hasty, hypervisor: merging as Hypervisor };
  expect(await cleanOnce(deps, never)).toMatchObject({ done: [], failed: [], ending: 1 });
  expect(skippedMs).toBeLessThanOrEqual(60_000);
  const report = await cleanEngine(home.janitor(), pace, never);
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
  const report = await cleanEngine(home.janitor(), pace, never);
  expect(report.done).toEqual([expect.objectContaining({ kind: "remove-snapshot", snapshotId })]);
  const left = await lab.leftovers();
  expect(left.snapshots.filter(({ vmId }) => vmId === vm.id).map(({ madeBy }) => madeBy)).toEqual(["lab"]);
});

test("what cannot be cleaned now is told and tried again by the next pass", async () => {
  const vm = await lab.addVm(plainVm("vm-stubborn"));
  await home.freeze(home.newOwner(), vm);
  const route = "POST /vms/:vm/backups/:backup/finalize";
  await lab.control("POST", "/faults", { route, effect: { kind: "fault", status: 403, detail: "not now" } });
  const report = await cleanEngine(home.janitor(), { ...pace, maxPasses: 1 }, never);
  expect(report.failed).toEqual([
    expect.objectContaining({ error: expect.objectContaining({ code: "ENGINE_FORBIDDEN" }) as unknown }),
  ]);
  expect(report.isClean).toBe(false);
  expect(await cleanEngine(home.janitor(), pace, never)).toMatchObject({ failed: [], isClean: true });
  expect((await lab.leftovers()).backups).toEqual([]);
});

test("a VM that cannot be cleaned, or looked at, does not stop the others", async () => {
  const [stubborn, hidden, easy] = [
    await lab.addVm(plainVm("a-stubborn")),
    await lab.addVm(plainVm("b-hidden")),
    await lab.addVm(plainVm("c-easy")),
  ];
  for (const vm of [stubborn, hidden, easy]) await home.freeze(home.newOwner(), vm);
  const refuse = { kind: "status", status: 400, detail: "[not now]" };
  await lab.control("POST", "/rules", {
    match: { call: `POST /vms/${stubborn.id}/backups/*/finalize` },
    what: refuse,
  });
  await lab.control("POST", "/rules", { match: { call: `GET /vms/${hidden.id}/backups/*/disks` }, what: refuse });

  const first = await cleanEngine(home.janitor(), { ...pace, maxPasses: 1 }, never);
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
  expect(await cleanEngine(home.janitor(), pace, never)).toMatchObject({ failed: [], unread: [], isClean: true });
  expect((await lab.leftovers()).backups).toEqual([]);
});
