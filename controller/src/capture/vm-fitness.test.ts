import { expect, test } from "vitest";
import type { Capture } from "../hypervisor/captures.ts";
import type { VmDetails } from "../hypervisor/inventory.ts";
import { markOf } from "../hypervisor/marks.ts";
import { kindOf } from "./capture-kind.ts";
import { aDisk, aVm } from "./testing/vm-fixtures.ts";
import { type FitnessFacts, whyUnfit } from "./vm-fitness.ts";

const facts = (vm: Partial<VmDetails> = {}, more: Partial<FitnessFacts> = {}): FitnessFacts => ({
  vm: aVm([aDisk("d1"), aDisk("d2")], vm),
  captures: [],
  diskIds: new Set(["d1", "d2"]),
  installationId: "inst",
  ...more,
});

const ownerOf = (installationId: string) => markOf({ installationId, taskId: "t1", attemptNumber: 1, attemptId: "a" });

const captureOf = (change: Partial<Capture>): Capture => ({
  id: "b1",
  vmId: "vm1",
  phase: "ready",
  description: "",
  fromCheckpointId: undefined,
  toCheckpointId: undefined,
  hostId: undefined,
  snapshotId: undefined,
  createdMs: undefined,
  ...change,
});

const preview = { id: "s", type: "preview", status: "in_preview", description: "", createdMs: 1 } as const;

test.each(["up", "down"])("a VM that is %s can be captured", (status) => {
  expect(whyUnfit(facts({ status }))).toBeUndefined();
});

test.each([
  ["paused", "VM_STATE_UNFIT"],
  ["suspended", "VM_STATE_UNFIT"],
  ["powering_up", "VM_STATE_UNFIT"],
  ["migrating", "VM_STATE_UNFIT"],
  ["unknown", "VM_STATE_UNFIT"],
  ["a word of a later engine", "VM_STATE_UNFIT"],
  ["image_locked", "DISKS_LOCKED"],
])("a VM that is %s waits for a better moment: %s", (status, code) => {
  expect(whyUnfit(facts({ status }))).toMatchObject({ code, retryable: true });
});

const foreign = captureOf({ description: "nightly of somebody" });
const ours = captureOf({ description: ownerOf("inst"), phase: "finalizing" });
const other = captureOf({ description: ownerOf("other") });
const restoring = "it can be backed up when that has ended";
const apart = "wait until that has ended, and let the two run at different times";

test.each<[string, FitnessFacts, string, string]>([
  [
    "the manager's own VM",
    facts({ isManager: true, status: "paused" }),
    "HOSTED_ENGINE_VM",
    "is the manager's own (hosted engine), which oVirt refuses to back up: leave it out of the job and save the manager with engine-backup",
  ],
  [
    "a VM that is paused",
    facts({ status: "paused" }),
    "VM_STATE_UNFIT",
    "is paused, and a backup needs it up or down: start it or shut it down",
  ],
  [
    "a locked VM",
    facts({ status: "image_locked" }),
    "DISKS_LOCKED",
    "is locked by another operation of the engine: wait until that has ended",
  ],
  [
    "a previewed snapshot",
    facts({ snapshots: [preview] }),
    "VM_PREVIEWING",
    "is previewing a snapshot: commit or undo the preview",
  ],
  [
    "a backup of another product",
    facts({}, { captures: [foreign] }),
    "VM_IN_BACKUP",
    `is in backup b1 (ready) of another product: ${apart}`,
  ],
  [
    "a backup of another installation",
    facts({}, { captures: [other] }),
    "VM_IN_BACKUP",
    `is in backup b1 (ready) of Holdfast installation other: ${apart}`,
  ],
  [
    "a backup of ours that is ending",
    facts({}, { captures: [ours] }),
    "VM_IN_BACKUP",
    "is still in backup b1 (finalizing) of task t1: it is being ended",
  ],
  [
    "a VM that we restore",
    facts({ description: ownerOf("inst"), status: "image_locked" }),
    "VM_BUSY",
    `is being restored by task t1: ${restoring}`,
  ],
  [
    "a VM whose disks another installation restores",
    facts({ disks: [aDisk("d1", { description: ownerOf("other") })] }),
    "VM_BUSY",
    `is being restored by task t1 of Holdfast installation other: ${restoring}`,
  ],
  [
    "a locked disk",
    facts({ disks: [aDisk("d1", { status: "locked" }), aDisk("d2")] }),
    "DISKS_LOCKED",
    "has a disk that is locked by another operation of the engine (alias-d1): wait until that has ended",
  ],
  [
    "locked disks",
    facts({ disks: [aDisk("d1", { status: "locked" }), aDisk("d2", { status: "locked" })] }),
    "DISKS_LOCKED",
    "has disks that are locked by another operation of the engine (alias-d1, alias-d2): wait until that has ended",
  ],
])("%s is refused in exact words", (_, unfit, code, words) => {
  expect(whyUnfit(unfit)).toMatchObject({
    code,
    message: `vm vm one ${words}`,
    retryable: code !== "HOSTED_ENGINE_VM",
  });
});

test("what is over, and what is left out, is no hindrance", () => {
  const over = [captureOf({ phase: "succeeded" }), captureOf({ phase: "failed" })];
  const disks = [aDisk("d1"), aDisk("d2", { status: "locked" })];
  expect(whyUnfit(facts({ disks }, { captures: over, diskIds: new Set(["d1"]) }))).toBeUndefined();
  expect(whyUnfit(facts({ description: "holdfast/inst/worker/w1" }))).toBeUndefined();
});

test("the kind of capture is what the engine made of it", () => {
  expect(kindOf({ snapshotId: "s" }, "up")).toBe("hybrid");
  expect(kindOf({ snapshotId: undefined }, "up")).toBe("live");
  expect(kindOf({ snapshotId: undefined }, "down")).toBe("cold");
});
