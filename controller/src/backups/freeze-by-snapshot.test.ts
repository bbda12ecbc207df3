import { type Clock, systemClock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { silentLogger } from "@holdfast/shared/logging/silent-logger";
import { afterEach, beforeEach, expect, test } from "vitest";
import { aDisk, aVm } from "../capture/testing/vm-fixtures.ts";
import { planDisks } from "../capture/plan-disks.ts";
import { type Database, openDatabase } from "../database/database.ts";
import { writeJournal } from "../database/journal-table.ts";
import type { Hypervisor } from "../hypervisor/hypervisor.ts";
import type { Snapshot } from "../hypervisor/inventory.ts";
import { markOf } from "../hypervisor/marks.ts";
import { freezeBySnapshot } from "./freeze-by-snapshot.ts";

const never = new AbortController().signal;
const owner = { installationId: "inst", taskId: "t1", attemptNumber: 1, attemptId: "a1" };

let database: Database;
let asked: string[] = [];
let rows: Snapshot[] = [];
beforeEach(async () => {
  database = await openDatabase(":memory:", systemClock);
  asked = [];
  rows = [];
});
afterEach(async () => {
  await database[Symbol.asyncDispose]();
});

/** Time that only passes in pauses. */
const jumpingClock = (): Clock => {
  let nowMs = 0;
  return {
    ...systemClock,
    monotonicMs: () => nowMs,
    sleep: async (ms) => {
      nowMs += ms;
    },
  };
};

/** An engine whose snapshots become this, or that refuses them so. */
const engineOf = (status: "ok" | "locked" | HoldfastError): Partial<Hypervisor> => ({
  listSnapshots: async () => rows,
  listSnapshotDisks: async () => [{ diskId: "d1", imageId: "i1", sizeBytes: 0 }],
  createSnapshot: async ({ description }) => {
    asked.push("snapshot");
    if (status instanceof HoldfastError) throw status;
    const row: Snapshot = { id: "s1", type: "regular", status, description, createdMs: 1 };
    rows.push(row);
    return row;
  },
  freezeGuest: async () => {
    asked.push("freeze");
  },
  thawGuest: async () => {
    asked.push("thaw");
  },
});

const freeze = (status: "ok" | "locked" | HoldfastError, freezesGuest: boolean, clock = jumpingClock()) => {
  const engine = { hypervisor: engineOf(status) as Hypervisor, clock, log: silentLogger };
  const plan = planDisks({
    vm: aVm([aDisk("d1")]),
    base: undefined,
    checkpoint: undefined,
    trackedDiskIds: new Set(),
    excludedDiskIds: new Set(),
    distrustTracking: false,
  });
  const way = { via: "snapshot", freezesGuest } as const;
  const freezing = { owner, managerId: "m1", vmId: "v1", vmStatus: "up", plan, way, captureId: "" };
  return freezeBySnapshot({ engine, database }, freezing, never);
};

test("where it is required the guest holds still from before the snapshot until it is there, and no longer", async () => {
  expect(await freeze("ok", true)).toMatchObject({
    kind: "snapshot",
    isProven: true,
    plan: { disks: [{ id: "d1", mode: "full" }] },
  });
  expect(asked).toEqual(["freeze", "snapshot", "thaw"]);
});

test("elsewhere the guest is left to the engine", async () => {
  expect(await freeze("ok", false)).toMatchObject({ snapshotId: "s1", isProven: false });
  expect(asked).toEqual(["snapshot"]);
});

test("a snapshot that takes longer than a guest is held is given up, and the guest goes on", async () => {
  await expect(freeze("locked", true)).rejects.toMatchObject({
    code: "CONSISTENCY_NOT_REACHED",
    message: expect.stringContaining("longer than 60 s") as string,
  });
  expect(asked).toEqual(["freeze", "snapshot", "thaw"]);
});

test("a step that is done again takes the snapshot that is there, thaws for the life before it, and vouches for what was held till now", async () => {
  rows.push({ id: "s0", type: "regular", status: "ok", description: markOf(owner), createdMs: 1 });
  expect(await freeze("ok", true)).toMatchObject({ snapshotId: "s0", isProven: false });
  const { taskId, attemptNumber, attemptId } = owner;
  const entry = {
    managerId: "m1",
    taskId,
    attemptNumber,
    attemptId,
    vmId: "v1",
    kind: "freeze",
    objectId: "v1",
  } as const;
  await writeJournal(database.queries, { ...entry, facts: {} }, 1);
  expect(await freeze("ok", true)).toMatchObject({ snapshotId: "s0", isProven: true });
  expect(asked).toEqual(["thaw", "thaw"]);
});

test("a guest is held but for a moment while somebody else works on its VM", async () => {
  const clock = jumpingClock();
  const busy = new HoldfastError("ENGINE_CONFLICT", "the disks are locked");
  await expect(freeze(busy, true, clock)).rejects.toMatchObject({ code: "ENGINE_CONFLICT" });
  expect(asked.at(0)).toBe("freeze");
  expect(asked.at(-1)).toBe("thaw");
  expect(clock.monotonicMs()).toBeLessThan(10_000);
});
