import { expect, test } from "vitest";

import type { Disk } from "../hypervisor/inventory.ts";
import { type Owner, markOf } from "../hypervisor/marks.ts";
import type { Survey, SurveyedCapture, SurveyedSnapshot, SurveyedVm } from "../hypervisor/survey.ts";
import type { Transfer } from "../hypervisor/transfers.ts";
import type { CleaningAction } from "./cleaning-actions.ts";
import { type Known, planCleaning } from "./plan-cleaning.ts";
import { noneKnown } from "./testing/none-known.ts";

const ownerOf = (taskId: string, change: Partial<Owner> = {}): Owner => ({
  installationId: "ours",
  taskId,
  attemptNumber: 1,
  attemptId: "a1",
  ...change,
});
const lost = ownerOf("lost");
const live = ownerOf("live");
const foreign = ownerOf("lost", { installationId: "theirs" });

const known = (change: Partial<Known> = {}): Known => ({
  ...noneKnown,
  liveOwners: [live],
  ...change,
});

const capture = (description: string, change: Partial<SurveyedCapture> = {}): SurveyedCapture => ({
  id: "b1",
  vmId: "vm1",
  phase: "ready",
  description,
  fromCheckpointId: undefined,
  toCheckpointId: undefined,
  hostId: undefined,
  snapshotId: undefined,
  createdMs: 1,
  diskIds: ["d1"],
  ...change,
});

const vm = (change: Partial<SurveyedVm> & { readonly about?: Partial<SurveyedVm["vm"]> } = {}): SurveyedVm => {
  const { about, ...rest } = change;
  return {
    vm: { id: "vm1", name: "vm one", status: "down", description: "", disks: [], ...about },
    captures: [],
    checkpoints: [],
    snapshots: [],
    ...rest,
  };
};

const transfer = (change: Partial<Transfer> = {}): Transfer => ({
  id: "t1",
  phase: "open",
  enginePhase: "transferring",
  direction: "download",
  diskId: "d1",
  hostId: undefined,
  transferUrl: undefined,
  proxyUrl: undefined,
  ...change,
});

const disk = (id: string, description: string): Disk => ({
  id,
  alias: id,
  description,
  sizeBytes: 1,
  actualBytes: 1,
  format: "cow",
  sparse: true,
  storageType: "image",
  contentType: "data",
  status: "ok",
  shareable: false,
  wipeAfterDelete: false,
  incrementalEnabled: false,
  storageDomainIds: [],
});

const survey = (change: Partial<Survey> = {}): Survey => ({ vms: [], transfers: [], markedDisks: [], ...change });
const kinds = (actions: readonly CleaningAction[]): readonly string[] => actions.map(({ kind }) => kind);
const plan = (found: Partial<Survey>, change: Partial<Known> = {}) =>
  planCleaning(survey(found), known(change), "ours");

const regular = {
  id: "s1",
  type: "regular",
  status: "ok",
  description: "Auto-generated for Backup VM",
  createdMs: 1,
  isConfirmed: false,
} as const;
const checkpointOf = (id: string, owner: Owner) =>
  ({ id, parentId: undefined, state: "created", description: markOf(owner), createdMs: 1 }) as const;

test("a lost attempt is fenced first, then its transfer and its capture go", () => {
  const { actions } = plan({ vms: [vm({ captures: [capture(markOf(lost))] })], transfers: [transfer()] });
  expect(kinds(actions)).toEqual(["fence", "close-transfer", "end-capture"]);
  expect(actions.map(({ owner }) => owner)).toEqual([lost, lost, lost]);
});

test("a live attempt, another installation's and a user's things are not touched", () => {
  for (const description of [markOf(live), markOf(foreign), "nightly", ""]) {
    const found = {
      vms: [
        vm({
          captures: [capture(description, { snapshotId: "s1" })],
          checkpoints: [checkpointOf("cp", foreign)],
          snapshots: [regular],
        }),
      ],
      transfers: [transfer(), transfer({ id: "t2", diskId: "other" })],
    };
    expect(plan(found, { neededCheckpoints: new Map([["vm1", new Set<string>()]]) }).actions).toEqual([]);
  }
});

test("another attempt of a live task is not live", () => {
  const former = ownerOf("live", { attemptId: "a0" });
  expect(kinds(plan({ vms: [vm({ captures: [capture(markOf(former))] })] }).actions)).toEqual(["fence", "end-capture"]);
});

test("a transfer is ours by the journal, by a disk frozen by us when it reads, by a disk made by us when it writes", () => {
  const frozen = { vms: [vm({ captures: [capture(markOf(lost))] })] };
  const closing = (found: Partial<Survey>, change: Partial<Known> = {}) =>
    kinds(plan(found, change).actions).filter((kind) => kind === "close-transfer").length;
  expect(closing({ transfers: [transfer({ diskId: undefined })] }, { transferOwners: new Map([["t1", lost]]) })).toBe(
    1,
  );
  expect(closing({ transfers: [transfer()] }, { transferOwners: new Map([["t1", live]]) })).toBe(0);
  expect(closing({ ...frozen, transfers: [transfer()] })).toBe(1);
  expect(closing({ ...frozen, transfers: [transfer({ direction: "upload" })] })).toBe(0);
  const made = { markedDisks: [disk("d1", markOf(lost))] };
  expect(closing({ ...made, transfers: [transfer({ direction: "upload" })] })).toBe(1);
  expect(closing({ ...made, transfers: [transfer()] })).toBe(0);
});

test("a left-over snapshot goes when an ended capture of ours or the journal named it, and only when nothing runs", () => {
  const ended = capture(markOf(lost), { phase: "succeeded", snapshotId: "s1" });
  const others = capture("theirs", { id: "b2", phase: "ready" });
  const snapshotsOf = (found: SurveyedVm, change: Partial<Known> = {}) => kinds(plan({ vms: [found] }, change).actions);
  expect(snapshotsOf(vm({ captures: [ended], snapshots: [regular] }))).toEqual(["remove-snapshot"]);
  expect(snapshotsOf(vm({ snapshots: [regular] }), { snapshotOwners: new Map([["s1", lost]]) })).toEqual([
    "remove-snapshot",
  ]);
  expect(snapshotsOf(vm({ snapshots: [regular] }))).toEqual([]);
  expect(snapshotsOf(vm({ captures: [ended, others], snapshots: [regular] }))).toEqual([]);
  expect(snapshotsOf(vm({ captures: [ended], snapshots: [{ ...regular, status: "locked" }] }))).toEqual([]);
  expect(snapshotsOf(vm({ captures: [ended], snapshots: [{ ...regular, type: "active" }] }))).toEqual([]);
});

test("a snapshot with our mark goes with the engine's word that we made it, after a fence; without it, it is named and stays", () => {
  const marked = { ...regular, description: markOf(lost) };
  const snapshotsOf = (snapshot: SurveyedSnapshot, change: Partial<SurveyedVm> = {}) =>
    plan({ vms: [vm({ snapshots: [snapshot], ...change })] });
  const confirmed = { ...marked, isConfirmed: true };
  expect(kinds(snapshotsOf(confirmed).actions)).toEqual(["fence", "remove-snapshot"]);
  expect(snapshotsOf(marked)).toMatchObject({ actions: [], left: [{ what: "snapshot", id: "s1" }] });
  const busy = { captures: [capture("theirs", { id: "b2", phase: "ready" })] };
  expect(snapshotsOf(confirmed, busy)).toMatchObject({ actions: [], left: [] });
  expect(snapshotsOf({ ...confirmed, status: "locked" })).toMatchObject({ actions: [], ending: 1 });
  for (const owner of [live, foreign]) {
    const description = markOf(owner);
    expect(snapshotsOf({ ...confirmed, description })).toMatchObject({ actions: [], left: [], ending: 0 });
    expect(snapshotsOf({ ...marked, description })).toMatchObject({ actions: [], left: [] });
  }
});

test("a guest that the journal says holds still is thawed first, unless its attempt lives", () => {
  const held = (owner: Owner) => ({ heldGuests: [{ vmId: "vm1", owner }] });
  const found = { vms: [vm({ captures: [capture(markOf(lost))] })] };
  expect(kinds(plan(found, held(lost)).actions)).toEqual(["thaw-guest", "fence", "end-capture"]);
  expect(plan({}, held(live)).actions).toEqual([]);
});

test("a capture that is ending is left to end", () => {
  expect(plan({ vms: [vm({ captures: [capture(markOf(lost), { phase: "finalizing" })] })] }).actions).toEqual([]);
});

test("checkpoints go when no newest good point names them; an uncertain attempt's stay, and all do where nobody knows", () => {
  const rows = [checkpointOf("needed", lost), checkpointOf("old", lost), checkpointOf("hope", ownerOf("uncertain"))];
  const found = { vms: [vm({ checkpoints: rows })] };
  const uncertainOwners = [ownerOf("uncertain")];
  expect(plan(found, { uncertainOwners }).actions).toEqual([]);
  const { actions } = plan(found, { uncertainOwners, neededCheckpoints: new Map([["vm1", new Set(["needed"])]]) });
  expect(actions).toEqual([expect.objectContaining({ kind: "remove-checkpoint", checkpointId: "old" })]);
});

test("what a failed restore made goes in reverse: uploads, the VM, then its disks", () => {
  const found = {
    vms: [vm({ about: { description: markOf(lost), disks: [{ id: "d1" }] } })],
    transfers: [transfer({ direction: "upload", diskId: "d2" })],
    markedDisks: [disk("d1", markOf(lost)), disk("d2", markOf(lost))],
  };
  expect(kinds(plan(found).actions)).toEqual(["fence", "close-transfer", "remove-vm", "remove-disk", "remove-disk"]);
});

test("what someone uses is named and left alone: a VM that runs, a disk that a VM of the user's has", () => {
  const running = plan({
    vms: [vm({ about: { description: markOf(lost), status: "up", disks: [{ id: "d1" }] } })],
    markedDisks: [disk("d1", markOf(lost))],
  });
  expect(running.actions).toEqual([]);
  expect(running.left.map(({ what, id }) => [what, id])).toEqual([
    ["vm", "vm1"],
    ["disk", "d1"],
  ]);
  const attached = plan({ vms: [vm({ about: { disks: [{ id: "d1" }] } })], markedDisks: [disk("d1", markOf(lost))] });
  expect(attached.actions).toEqual([]);
  expect(attached.left).toHaveLength(1);
});

test("a restore that succeeded only loses its marks, and is not fenced", () => {
  const found = {
    vms: [vm({ about: { description: markOf(lost), status: "up", disks: [{ id: "d1" }] } })],
    markedDisks: [disk("d1", markOf(lost)), disk("d2", markOf(lost))],
  };
  const { actions, left } = plan(found, { succeededOwners: [lost] });
  expect(actions).toEqual([
    expect.objectContaining({ kind: "unmark-vm", vmId: "vm1" }),
    expect.objectContaining({ kind: "unmark-disk", diskId: "d1", vmId: "vm1" }),
    expect.objectContaining({ kind: "unmark-disk", diskId: "d2", vmId: undefined }),
  ]);
  expect(left).toEqual([]);
});

test("an empty engine needs nothing", () => {
  expect(plan({ vms: [vm()] })).toEqual({ actions: [], left: [], ending: 0 });
});

test("captures that are finalizing and snapshots that are merging are ending, if they are ours and not live", () => {
  const endings = (owner: Owner) => {
    const merging = {
      id: "s1",
      type: "regular",
      status: "locked",
      description: "",
      createdMs: 1,
      isConfirmed: false,
    } as const;
    const one = capture(markOf(owner), { phase: "finalizing", snapshotId: "s1" });
    const found = { vms: [vm({ captures: [one], snapshots: [merging] })], transfers: [], markedDisks: [] };
    return planCleaning(found, known(), "ours");
  };
  expect(endings(lost)).toMatchObject({ actions: [], ending: 2 });
  expect(endings(live)).toMatchObject({ actions: [], ending: 0 });
  expect(endings(foreign)).toMatchObject({ actions: [], ending: 0 });
});
