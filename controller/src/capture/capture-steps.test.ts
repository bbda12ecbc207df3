import { afterAll, beforeAll, expect, test } from "vitest";

import { type Lab, type LabVm, plainVm, startLab } from "../engine/testing/start-simulator.ts";
import { type Owner, captureIdOf, correlationIdOf } from "../hypervisor/marks.ts";
import { type ReadyCapture, awaitReady, beginCapture } from "./begin-capture.ts";
import { endCapture } from "./end-capture.ts";
import { examineVm } from "./examine-vm.ts";
import { closeDisk, openDisk } from "./open-disk.ts";
import { type BasePoint, disksToCapture } from "./plan-disks.ts";
import { removeObsoleteCheckpoints } from "./remove-checkpoints.ts";
import { throughConflicts } from "./waiting.ts";

const never = new AbortController().signal;
const noDisks: ReadonlySet<string> = new Set();
let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
});

let tasks = 0;
const newOwner = (): Owner => ({
  installationId: "inst",
  taskId: `task${(tasks += 1)}`,
  attemptNumber: 1,
  attemptId: "a1",
});

/** Examines, begins and waits, as a session does. */
const freeze = async (owner: Owner, vmId: string, base?: BasePoint): Promise<ReadyCapture> => {
  const request = { vmId, base, excludedDiskIds: noDisks, ownCaptureId: captureIdOf(owner) };
  const patience = { what: `vm ${vmId}`, deadlineMs: 30_000 };
  const { vm, plan } = await throughConflicts(lab.deps, patience, () => examineVm(lab.deps, request, never), never);
  const begun = await beginCapture(lab.deps, { owner, vmId, vmStatus: vm.status, plan }, never);
  return awaitReady(lab.deps, { owner, vmId, vmStatus: vm.status, plan: begun.plan }, never);
};

const end = (owner: Owner, vmId: string, snapshotId?: string) =>
  endCapture(
    lab.deps,
    { vmId, captureId: captureIdOf(owner), correlationId: correlationIdOf(owner), snapshotId },
    never,
  );

const openAndClose = async (owner: Owner, ready: ReadyCapture): Promise<void> => {
  for (const { id: diskId } of disksToCapture(ready.plan)) {
    const request = { owner, diskId, direction: "download", captureId: ready.captureId, repeated: false } as const;
    const { transferId } = await openDisk(lab.deps, request, async () => undefined, never);
    await closeDisk(lab.deps, { transferId, direction: "download", succeeded: true }, never);
  }
};

const baseOf = (vm: LabVm, checkpointId: string | undefined): BasePoint => ({
  pointId: "p1",
  capturedMs: 1,
  checkpointId,
  disks: vm.disks.map(({ id, sizeBytes }) => ({ id, sizeBytes })),
});

const nothingRuns = { backups: [], transfers: [], snapshots: [], tickets: 0, strayVolumes: [] };

test.each([
  ["hybrid", "4.7", "up"],
  ["live", "4.6", "up"],
  ["cold", "4.6", "down"],
])(
  "a %s capture is begun once, read, ended, and the next one builds on its checkpoint",
  async (kind, compatibility, status) => {
    const vm = await lab.addVm(plainVm(`vm-${kind}`, { compatibility, status }));
    const first = newOwner();
    const ready = await freeze(first, vm.id);
    expect(ready).toMatchObject({ kind, captureId: captureIdOf(first), checkpointId: expect.any(String) as string });
    expect(ready.plan.disks).toEqual([expect.objectContaining({ mode: "full", reason: "no-base" })]);
    expect(await freeze(first, vm.id)).toMatchObject({ captureId: ready.captureId, checkpointId: ready.checkpointId });

    await openAndClose(first, ready);
    expect(await end(first, vm.id, ready.snapshotId)).toEqual({ outcome: "succeeded", remarks: [] });
    expect(await end(first, vm.id, ready.snapshotId)).toMatchObject({ outcome: "succeeded" });

    const callsBefore = lab.hypervisor.calls().total;
    const second = newOwner();
    const next = await freeze(second, vm.id, baseOf(vm, ready.checkpointId));
    expect(next.plan.disks).toEqual([expect.objectContaining({ mode: "incremental", reason: "tracking-good" })]);
    expect(next.plan.remarks).toEqual([]);
    await openAndClose(second, next);
    expect(await end(second, vm.id, next.snapshotId)).toEqual({ outcome: "succeeded", remarks: [] });
    const keepIds = new Set([next.checkpointId ?? ""]);
    const removed = await removeObsoleteCheckpoints(lab.deps, { vmId: vm.id, installationId: "inst", keepIds }, never);
    expect(removed).toEqual([ready.checkpointId]);
    const calls = lab.hypervisor.calls().total - callsBefore;
    expect(calls).toBeLessThanOrEqual(30);

    const left = await lab.leftovers();
    expect(left).toMatchObject(nothingRuns);
    expect(left.checkpoints.filter(({ description }) => description.includes(`/${second.taskId}/`))).toHaveLength(1);
    expect(left.checkpoints.filter(({ description }) => description.includes(`/${first.taskId}/`))).toHaveLength(0);
  },
);

test("R3: a base whose checkpoint the engine does not list is compared, with a warning", async () => {
  const vm = await lab.addVm(plainVm("vm-nocp"));
  const owner = newOwner();
  const ready = await freeze(owner, vm.id, baseOf(vm, "00000000-0000-4000-8000-000000000001"));
  expect(ready.plan.disks).toEqual([expect.objectContaining({ mode: "compare", reason: "checkpoint-missing" })]);
  expect(ready.plan.remarks).toEqual([expect.objectContaining({ level: "warning", code: "CHECKPOINT_MISSING" })]);
  await end(owner, vm.id, ready.snapshotId);
});

test.each([
  ["a checkpoint that vanishes between plan and start", "4.7", "checkpoint-missing"],
  ["a level that has no increments any more", "4.4", "checkpoint-refused"],
])("R3: %s costs tracking, not the backup", async (_what, compatibility, reason) => {
  const vm = await lab.addVm(plainVm(`vm-race-${compatibility}`, { compatibility }));
  const owner = newOwner();
  const { plan } = await examineVm(lab.deps, { vmId: vm.id, base: undefined, excludedDiskIds: noDisks }, never);
  const disks = plan.disks.map((disk) => ({ ...disk, mode: "incremental", reason: "tracking-good" }) as const);
  const hopeful = { ...plan, disks, fromCheckpointId: "00000000-0000-4000-8000-000000000002" };
  const begun = await beginCapture(lab.deps, { owner, vmId: vm.id, vmStatus: "up", plan: hopeful }, never);
  expect(begun.plan.disks).toEqual([expect.objectContaining({ mode: "compare", reason })]);
  await awaitReady(lab.deps, { owner, vmId: vm.id, vmStatus: "up", plan: begun.plan }, never);
  expect(await end(owner, vm.id)).toMatchObject({ outcome: "succeeded" });
});

test("R4: raw, new and grown disks are decided one by one in one capture", async () => {
  const disks = [
    { alias: "d0", size: "32MiB", fill: { seed: 1, bytes: "1MiB" } },
    { alias: "raw", size: "16MiB", format: "raw", incremental: false },
  ];
  const vm = await lab.addVm(plainVm("vm-mixed", { status: "down", disks }));
  const first = newOwner();
  const ready = await freeze(first, vm.id);
  expect(ready.plan.disks.map(({ mode, reason }) => [mode, reason])).toEqual([
    ["full", "no-base"],
    ["full", "raw-disk"],
  ]);
  await end(first, vm.id, ready.snapshotId);

  await lab.control("POST", `/disks/${vm.disks[0]?.id ?? ""}/grow`, { sizeBytes: 48 * 2 ** 20 });
  await lab.control("POST", `/vms/${vm.id}/disks`, { alias: "new", size: "16MiB" });
  const second = newOwner();
  const next = await freeze(second, vm.id, baseOf(vm, ready.checkpointId));
  expect(next.plan.disks.map(({ alias, mode, reason }) => [alias, mode, reason])).toEqual([
    ["d0", "incremental", "grown-disk"],
    ["raw", "compare", "raw-disk"],
    ["new", "full", "new-disk"],
  ]);
  await openAndClose(second, next);
  await end(second, vm.id, next.snapshotId);
});

test("a capture that the engine fails is CAPTURE_FAILED with the engine's words, and leaves nothing", async () => {
  const vm = await lab.addVm(plainVm("vm-fails"));
  await lab.control("POST", `/vms/${vm.id}/fail-capture`);
  const owner = newOwner();
  await expect(freeze(owner, vm.id)).rejects.toMatchObject({
    code: "CAPTURE_FAILED",
    message: expect.stringMatching(/is failed before it was ready: /) as string,
  });
  expect(await end(owner, vm.id)).toMatchObject({ outcome: "failed" });
  expect(await lab.leftovers()).toMatchObject(nothingRuns);
});

test("ending at once aborts, ending with a transfer open ends that first, ending the unknown is fine", async () => {
  const vm = await lab.addVm(plainVm("vm-abort"));
  const early = newOwner();
  const { plan } = await examineVm(lab.deps, { vmId: vm.id, base: undefined, excludedDiskIds: noDisks }, never);
  await beginCapture(lab.deps, { owner: early, vmId: vm.id, vmStatus: "up", plan }, never);
  expect(["failed", "succeeded"]).toContain((await end(early, vm.id)).outcome);

  const busy = newOwner();
  const ready = await freeze(busy, vm.id);
  const diskId = vm.disks[0]?.id ?? "";
  const request = { owner: busy, diskId, direction: "download", captureId: ready.captureId, repeated: false } as const;
  await openDisk(lab.deps, request, async () => undefined, never);
  expect(await end(busy, vm.id, ready.snapshotId)).toMatchObject({ outcome: "succeeded" });
  expect(await end(newOwner(), vm.id)).toEqual({ outcome: "gone", remarks: [] });
  expect(await lab.leftovers()).toMatchObject(nothingRuns);
});

test("opening again after a lost answer ends what the first one opened", async () => {
  const vm = await lab.addVm(plainVm("vm-reopen"));
  const owner = newOwner();
  const ready = await freeze(owner, vm.id);
  const diskId = vm.disks[0]?.id ?? "";
  const request = { owner, diskId, direction: "download", captureId: ready.captureId } as const;
  const told: string[] = [];
  const note = async (id: string): Promise<void> => void told.push(id);
  const one = await openDisk(lab.deps, { ...request, repeated: false }, note, never);
  const other = await openDisk(lab.deps, { ...request, repeated: true }, note, never);
  expect(told).toEqual([one.transferId, other.transferId]);
  expect(other.transferUrl).toMatch(/^https:\/\/127\.0\.0\.1:\d+\/images\//);
  expect((await lab.leftovers()).transfers.map(({ id }) => id)).toEqual([other.transferId]);
  await closeDisk(lab.deps, { transferId: other.transferId, direction: "download", succeeded: true }, never);
  await end(owner, vm.id, ready.snapshotId);
});

test.each([
  { what: "was lost before it was carried out", effect: { kind: "drop", when: "before" } },
  { what: "was lost after it was carried out", effect: { kind: "drop", when: "after" } },
  { what: "failed inside the engine", effect: { kind: "fault", status: 500 } },
])("a download whose opening $what is opened once more, and one stays open", async ({ what, effect }) => {
  const vm = await lab.addVm(plainVm(`vm whose opening ${what}`));
  const owner = newOwner();
  const ready = await freeze(owner, vm.id);
  await lab.control("POST", "/faults", { route: "POST /imagetransfers", effect });
  const diskId = disksToCapture(ready.plan)[0]?.id ?? "";
  const request = { owner, diskId, direction: "download", captureId: ready.captureId, repeated: false } as const;
  await openDisk(lab.deps, request, async () => undefined, never);
  expect((await lab.leftovers()).transfers).toHaveLength(1);
  await end(owner, vm.id, ready.snapshotId);
});

test("R6: a snapshot that the engine failed to merge is removed, with a warning", async () => {
  const vm = await lab.addVm(plainVm("vm-leaves"));
  await lab.control("POST", `/vms/${vm.id}/snapshots`, { description: "the user's own" });
  await lab.control("POST", `/vms/${vm.id}/leave-snapshot`);
  const owner = newOwner();
  const ready = await freeze(owner, vm.id);
  const { outcome, remarks } = await end(owner, vm.id, ready.snapshotId);
  expect(outcome).toBe("succeeded");
  expect(remarks).toEqual([expect.objectContaining({ level: "warning", code: "SNAPSHOT_LEFT" })]);
  expect((await lab.leftovers()).snapshots.map(({ description }) => description)).toEqual(["the user's own"]);
});

test("a bitmap that the engine cannot serve fails the transfer; without tracking the next attempt succeeds", async () => {
  const vm = await lab.addVm(plainVm("vm-spoilt", { status: "down" }));
  const first = newOwner();
  const ready = await freeze(first, vm.id);
  await end(first, vm.id, ready.snapshotId);
  await lab.control("POST", `/vms/${vm.id}/checkpoints/${ready.checkpointId ?? ""}/spoil`, { damage: "inconsistent" });

  const second = newOwner();
  const base = baseOf(vm, ready.checkpointId);
  const failing = async (): Promise<void> => openAndClose(second, await freeze(second, vm.id, base));
  await expect(failing()).rejects.toMatchObject({ retryable: true });
  await end(second, vm.id);

  const third = newOwner();
  const request = { vmId: vm.id, base, excludedDiskIds: noDisks, distrustTracking: true };
  const { plan } = await examineVm(lab.deps, request, never);
  expect(plan.disks).toEqual([expect.objectContaining({ mode: "compare", reason: "tracking-broken" })]);
  const begin = { owner: third, vmId: vm.id, vmStatus: "down", plan };
  await beginCapture(lab.deps, begin, never);
  const settled = await awaitReady(lab.deps, begin, never);
  await openAndClose(third, settled);
  expect(await end(third, vm.id, settled.snapshotId)).toMatchObject({ outcome: "succeeded" });
});

test("a VM that cannot be captured now, is unknown, or has nothing to read is told by its code", async () => {
  const vm = await lab.addVm(plainVm("vm-unfit"));
  await lab.control("POST", `/vms/${vm.id}/settings`, { previewing: true });
  const ask = (vmId: string) => examineVm(lab.deps, { vmId, base: undefined, excludedDiskIds: noDisks }, never);
  const { plan } = await ask(vm.id);
  const refused = { owner: newOwner(), vmId: vm.id, vmStatus: "up", plan, busyMs: 0 };
  await expect(beginCapture(lab.deps, refused, never)).rejects.toMatchObject({ code: "VM_PREVIEWING" });
  await lab.control("POST", `/vms/${vm.id}/settings`, { previewing: false });
  await expect(ask("00000000-0000-4000-8000-00000000dead")).rejects.toMatchObject({ code: "VM_NOT_FOUND" });

  const shared = await lab.addVm(
    plainVm("vm-shared", {
      disks: [{ alias: "s", size: "16MiB", format: "raw", shareable: true, incremental: false }],
    }),
  );
  const examined = await ask(shared.id);
  expect(examined.plan.disks).toEqual([expect.objectContaining({ mode: "skipped", reason: "shareable" })]);
  const begin = { owner: newOwner(), vmId: shared.id, vmStatus: "up", plan: examined.plan };
  await expect(beginCapture(lab.deps, begin, never)).rejects.toMatchObject({ code: "NOTHING_TO_BACK_UP" });
});

test("answers that are lost on the way change nothing: the same capture, and nothing left", async () => {
  const vm = await lab.addVm(plainVm("vm-lossy"));
  for (const route of ["POST /vms/:vm/backups", "POST /vms/:vm/backups/:backup/finalize"]) {
    await lab.control("POST", "/faults", { route, effect: { kind: "drop", when: "after" } });
  }
  const owner = newOwner();
  const ready = await freeze(owner, vm.id);
  await openAndClose(owner, ready);
  expect(await end(owner, vm.id, ready.snapshotId)).toMatchObject({ outcome: "succeeded" });
  await lab.control("DELETE", "/faults");
  expect((await lab.leftovers()).backups).toEqual([]);
});

test("a session of the engine's that ends in the middle costs one login and nothing else", async () => {
  const vm = await lab.addVm(plainVm("vm-relogin"));
  const logins = lab.hypervisor.calls().logins;
  const owner = newOwner();
  const ready = await freeze(owner, vm.id);
  await lab.control("POST", "/tokens/expire");
  expect(await end(owner, vm.id, ready.snapshotId)).toMatchObject({ outcome: "succeeded" });
  expect(lab.hypervisor.calls().logins).toBe(logins + 1);
});
