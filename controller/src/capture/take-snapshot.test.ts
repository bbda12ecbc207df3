import { afterAll, beforeAll, expect, test } from "vitest";

import { type Lab, type LabVm, plainVm, startLab } from "../engine/testing/start-simulator.ts";
import { type Owner, markOf } from "../hypervisor/marks.ts";
import { dropSnapshot } from "./drop-snapshot.ts";
import { mergeSnapshot } from "./end-capture.ts";
import { examineVm } from "./examine-vm.ts";
import { openDisk } from "./open-disk.ts";
import { askForSnapshot, awaitSnapshot } from "./take-snapshot.ts";
import { throughConflicts } from "./waiting.ts";

const never = new AbortController().signal;
const policy = { way: "snapshot", legacy: false, consistency: "none" } as const;
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

const requestFor = async (vm: LabVm) => {
  const wish = { vmId: vm.id, base: undefined, excludedDiskIds: new Set<string>(), policy };
  const examine = () => examineVm(lab.deps, wish, never);
  // A snapshot of the user's that is just being made locks its disks.
  const { plan } = await throughConflicts(lab.deps, { what: vm.id, deadlineMs: 60_000 }, examine, never);
  return { owner: newOwner(), vmId: vm.id, plan };
};

interface Reading {
  readonly snapshotId?: string;
  readonly transferIds?: readonly string[];
  readonly unansweredDiskIds?: readonly string[];
}

const drop = ({ owner, vmId }: Awaited<ReturnType<typeof requestFor>>, reading: Reading = {}) =>
  dropSnapshot(
    lab.deps,
    { owner, vmId, snapshotId: undefined, transferIds: [], unansweredDiskIds: [], ...reading },
    never,
  );

test.each(["up", "down"])(
  "a snapshot of a VM that is %s is taken once, its disks are read by its volumes, and it goes with their transfers",
  async (status) => {
    const disks = [
      { alias: "cow", size: "4MiB", fill: { seed: 1 } },
      { alias: "raw", size: "4MiB", format: "raw" },
    ];
    const vm = await lab.addVm(plainVm(`vm-${status}`, { status, disks }));
    const request = await requestFor(vm);
    const snapshotId = await askForSnapshot(lab.deps, request, never);
    expect(await askForSnapshot(lab.deps, request, never)).toBe(snapshotId);
    const taken = await awaitSnapshot(lab.deps, { ...request, snapshotId }, never);
    expect(taken.plan.disks.map(({ mode }) => mode)).toEqual(["full", "full"]);
    expect(await lab.leftovers()).toMatchObject({
      snapshots: [{ id: snapshotId, vmId: vm.id, description: markOf(request.owner) }],
    });

    const open = new Map<string, string>();
    for (const { id: diskId } of vm.disks) {
      const snapshot = { vmId: vm.id, snapshotId };
      const wish = { owner: request.owner, diskId, direction: "download", snapshot, repeated: false } as const;
      const { transferId, transferUrl } = await openDisk(lab.deps, wish, async () => undefined, never);
      expect(transferUrl).toContain("/images/");
      open.set(diskId, transferId);
    }
    const [known = "", unanswered = ""] = open.keys();
    const reading = { snapshotId, transferIds: [open.get(known) ?? ""], unansweredDiskIds: [unanswered] };
    expect(await drop(request, reading)).toEqual([]);
    expect(await drop(request, reading)).toEqual([]);
    expect(await lab.leftovers()).toMatchObject({ snapshots: [], transfers: [], tickets: 0, strayVolumes: [] });
  },
);

test("a snapshot is read although a user's older one is merged into it after it was taken", async () => {
  const vm = await lab.addVm(plainVm("vm-below"));
  const below = await lab.control<{ id: string }>("POST", `/vms/${vm.id}/snapshots`, { description: "the user's" });
  const request = await requestFor(vm);
  const snapshotId = await askForSnapshot(lab.deps, request, never);
  await awaitSnapshot(lab.deps, { ...request, snapshotId }, never);
  const [taken] = await lab.hypervisor.listSnapshotDisks(vm.id, snapshotId, never);
  await mergeSnapshot(lab.deps, { vmId: vm.id, snapshotId: below.id, correlationId: "user" }, never);
  const [now] = await lab.hypervisor.listSnapshotDisks(vm.id, snapshotId, never);
  expect(now?.imageId).not.toBe(taken?.imageId);

  const [diskId = ""] = vm.disks.map(({ id }) => id);
  const snapshot = { vmId: vm.id, snapshotId };
  const wish = { owner: request.owner, diskId, direction: "download", snapshot, repeated: false } as const;
  const { transferId } = await openDisk(lab.deps, wish, async () => undefined, never);
  expect(await drop(request, { snapshotId, transferIds: [transferId] })).toEqual([]);
  const gone = openDisk(lab.deps, wish, async () => undefined, never);
  await expect(gone).rejects.toMatchObject({ code: "TRANSFER_FAILED" });
});

test.each([1, 2])(
  "a snapshot whose answer was lost is found by its mark, after lost look %i too, and none is made beside it",
  async (lost) => {
    const vm = await lab.addVm(plainVm(`vm-lost-${lost}`));
    const request = await requestFor(vm);
    const rule = (call: string, when: string) =>
      lab.control("POST", "/rules", { match: { call }, which: { nth: 1 }, what: { kind: "drop", when } });
    await rule("POST /vms/*/snapshots", "after");
    if (lost === 2) await rule("GET /vms/*/snapshots", "before");
    const snapshotId = await askForSnapshot(lab.deps, request, never);
    await lab.control("DELETE", "/rules");
    await awaitSnapshot(lab.deps, { ...request, snapshotId }, never);
    expect((await lab.leftovers()).snapshots).toMatchObject([{ id: snapshotId }]);
    expect(await drop(request)).toEqual([]);
    expect((await lab.leftovers()).snapshots).toEqual([]);
  },
);

test.each(["before", "after"] as const)(
  "a snapshot whose making the engine calls failed (500) is looked for by its mark and made once, %s it was carried out",
  async (when) => {
    const vm = await lab.addVm(plainVm(`vm-broken-${when}`));
    const request = await requestFor(vm);
    const what = { kind: "status", status: 500, reason: "Operation Failed", detail: "[Internal Engine Error]", when };
    await lab.control("POST", "/rules", { match: { call: "POST /vms/*/snapshots" }, which: { nth: 1 }, what });
    const snapshotId = await askForSnapshot(lab.deps, request, never);
    await lab.control("DELETE", "/rules");
    expect((await lab.leftovers()).snapshots).toMatchObject([{ id: snapshotId }]);
    await awaitSnapshot(lab.deps, { ...request, snapshotId }, never);
    expect(await drop(request)).toEqual([]);
  },
);

test("a snapshot of ours goes, and a download that was there before ours stays open (R6)", async () => {
  const vm = await lab.addVm(plainVm("vm-read-by-others"));
  const request = await requestFor(vm);
  const snapshotId = await askForSnapshot(lab.deps, request, never);
  await awaitSnapshot(lab.deps, { ...request, snapshotId }, never);
  const [diskId = ""] = vm.disks.map(({ id }) => id);
  const ended: string[] = [];
  const other = { id: "theirs", phase: "open", direction: "download", diskId } as const;
  const hypervisor = {
    ...lab.deps.hypervisor,
    listTransfers: () => Promise.resolve([other, { ...other, id: "ours" }] as never),
    getTransfer: () => Promise.resolve(undefined),
    finalizeTransfer: (id: string) => Promise.resolve(void ended.push(id)),
  };
  const reading = { snapshotId, transferIds: [], unansweredDiskIds: [diskId], foreignTransferIds: ["theirs"] };
  expect(await dropSnapshot({ ...lab.deps, hypervisor }, { ...request, ...reading }, never)).toEqual([]);
  expect(ended).toEqual(["ours"]);
});

test("a snapshot that the engine will not remove is told and left, and removed later", async () => {
  const vm = await lab.addVm(plainVm("vm-refused"));
  const request = await requestFor(vm);
  const snapshotId = await askForSnapshot(lab.deps, request, never);
  await awaitSnapshot(lab.deps, { ...request, snapshotId }, never);
  await lab.control("POST", "/rules", {
    match: { call: "DELETE /vms/*/snapshots/*" },
    what: { kind: "status", status: 400, reason: "Operation Failed", detail: "[no]" },
  });
  expect(await drop(request, { snapshotId })).toMatchObject([{ level: "warning", code: "SNAPSHOT_LEFT" }]);
  await lab.control("DELETE", "/rules");
  expect(await drop(request)).toEqual([]);
});

test("a snapshot that fails on the host is no capture, and the engine's words are in the message", async () => {
  const vm = await lab.addVm(plainVm("vm-fails"));
  const request = await requestFor(vm);
  const missing = { ...request, owner: newOwner(), snapshotId: "00000000-0000-4000-8000-000000000001" };
  await expect(awaitSnapshot(lab.deps, missing, never)).rejects.toMatchObject({
    code: "CAPTURE_FAILED",
    message: expect.stringContaining("vanished before it was ready") as string,
  });
});

test("someone else's snapshot with our mark stays", async () => {
  const vm = await lab.addVm(plainVm("vm-copied"));
  const request = await requestFor(vm);
  const { id } = await lab.control<{ id: string }>("POST", `/vms/${vm.id}/snapshots`, {
    description: markOf(request.owner),
  });
  await awaitSnapshot(lab.deps, { ...request, snapshotId: id }, never);
  expect(await drop(request)).toEqual([]);
  expect((await lab.leftovers()).snapshots).toMatchObject([{ id }]);
});
