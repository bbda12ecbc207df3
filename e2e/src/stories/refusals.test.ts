import { RestoreService } from "@holdfast/proto/holdfast/controller/v1/restore_pb";
import { Result } from "@holdfast/proto/holdfast/controller/v1/common_pb";
import type { Session } from "@holdfast/proto/holdfast/controller/v1/session_pb";
import { randomName } from "@holdfast/shared/ids/ids";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { expectNothingLeft } from "../harness/nothing-left.ts";
import { describeSession, present } from "../harness/operator.ts";
import { type Stage, type StagedVm, openStage } from "../harness/stage.ts";
import { until } from "../harness/until.ts";
import type { EngineEvent } from "../simulator/model/event.ts";

const gib = 2 ** 30;

let stage: Stage;

beforeAll(async () => {
  stage = await openStage({
    agents: ["east-1"],
    controllerEnv: {
      HOLDFAST_CONTROLLER_WORK_PREFLIGHT_PATIENCE_MS: "500",
      HOLDFAST_CONTROLLER_WORK_BUSY_PATIENCE_MS: "10000",
      HOLDFAST_CONTROLLER_WORK_RETRY_DELAY_MS: "1500",
    },
  });
});

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
});

afterEach(async () => {
  await stage.lab.control.setStorageDomain("data1", { availableBytes: null });
  await stage.lab.control.clearFaults();
});

/** What ended a session of one VM: `CODE: message`. */
const failureOf = (session: Session): string => {
  const errors = present(session.tasks[0]).remarks.filter(({ level }) => level === "error");
  expect(errors, describeSession(session)).toHaveLength(1);
  const { code, message } = present(errors[0]);
  return `${code}: ${message}`;
};

const startedBackups = async (): Promise<number> =>
  (await stage.lab.control.counters()).calls["POST /vms/:vm/backups"] ?? 0;

/** Checkpoints of other VMs, which their points need. */
const othersCheckpoints = async (but: StagedVm): Promise<readonly string[]> =>
  (await stage.lab.control.leftovers()).checkpoints.filter(({ vmId }) => vmId !== but.id).map(({ id }) => id);

/** A VM that stands in the way of its own backup, and what it takes to make it stand aside. */
interface Hindrance {
  readonly name: string;
  readonly hinder: (vm: StagedVm) => Promise<void>;
  readonly cure: (vm: StagedVm) => Promise<void>;
  readonly says: string;
}

const leaving = (name: string, availableBytes: number, says: string): Hindrance => ({
  name,
  hinder: () => stage.lab.control.setStorageDomain("data1", { availableBytes }),
  cure: () => stage.lab.control.setStorageDomain("data1", { availableBytes: null }),
  says,
});

test.each<Hindrance>([
  {
    name: "paused",
    hinder: ({ id }) => stage.lab.control.hindrances.showStatus(id, "paused"),
    cure: ({ id }) => stage.lab.control.hindrances.showStatus(id, "up"),
    says: "VM_STATE_UNFIT: vm paused is paused, and a backup needs it up or down: start it or shut it down",
  },
  {
    name: "previewing",
    hinder: async ({ id }) => {
      await stage.lab.control.addSnapshot(id, "before the update");
      await stage.lab.control.setVm(id, { previewing: true });
    },
    cure: ({ id }) => stage.lab.control.setVm(id, { previewing: false }),
    says: "VM_PREVIEWING: vm previewing is previewing a snapshot: commit or undo the preview",
  },
  leaving(
    "critical",
    4 * gib,
    "DOMAIN_SPACE_CRITICAL: vm critical: storage domain data1 has 4.0 GiB free, less than the 5.0 GiB below which the engine makes nothing new there (critical space): free space or move disks",
  ),
  leaving(
    "no-headroom",
    5.5 * gib,
    "HEADROOM_MISSING: vm no-headroom: storage domain data1 has 5.5 GiB free, and a backup needs 5.0 GiB critical space + 1.0 GiB margin + 0.0 GiB for what the guest may write: free space or move disks",
  ),
])("$name: refused in exact words, the VM untouched, and cured by itself", async ({ name, hinder, cure, says }) => {
  const vm = await stage.addVm(name, { filledMiB: 1 });
  await hinder(vm);
  expect(failureOf(await stage.backUp(vm))).toBe(says);
  expect(await startedBackups()).toBe(0);
  await expectNothingLeft(stage.lab, { checkpoints: await othersCheckpoints(vm) });
  await cure(vm);
  expect((await stage.backUp(vm)).result).toBe(Result.SUCCESS);
  await stage.expectSound(vm, 1);
});

test("the manager's own VM is refused for good, in exact words", async () => {
  const { lab, operator } = stage;
  await lab.control.addVm({
    name: "HostedEngine",
    cluster: "east",
    status: "up",
    origin: "managed_hosted_engine",
    disks: [{ alias: "he", size: "1MiB" }],
  });
  await operator.createJob("HostedEngine", ["HostedEngine"]);
  await lab.control.resetCounters();
  expect(failureOf(await operator.runJob("HostedEngine"))).toBe(
    "HOSTED_ENGINE_VM: vm HostedEngine is the manager's own (hosted engine), which oVirt refuses to back up: leave it out of the job and save the manager with engine-backup",
  );
  expect(await startedBackups()).toBe(0);
});

/** Waits until the session's only task says that it waits for this. */
const untilWaiting = (sessionId: string, words: string): Promise<unknown> =>
  until(`session ${sessionId} to wait: ${words}`, async () => {
    const doing = (await stage.operator.session(sessionId)).tasks[0]?.doing ?? "";
    return doing === `waits: ${words}` ? doing : undefined;
  });

const foreignWords = (name: string, id: string): string =>
  `vm ${name} is in backup ${id} (ready) of another product: wait until that has ended, and let the two run at different times`;

const lockedWords = (name: string): string =>
  `vm ${name} has a disk that is locked by another operation of the engine (${name}_root): wait until that has ended`;

const imageLockedWords = (name: string): string =>
  `vm ${name} is locked by another operation of the engine: wait until that has ended`;

/** Lets another product begin a backup of the VM, and waits until it reads. */
const beginForeign = async ({ id }: StagedVm): Promise<string> => {
  const backupId = await stage.lab.control.hindrances.beginBackup(id);
  await until(`backup ${backupId} of another product to be ready`, async () =>
    (await stage.lab.control.leftovers()).backups.some((one) => one.id === backupId && one.phase === "ready"),
  );
  return backupId;
};

test("a VM that is busy is waited for, visibly, and backed up as soon as it is free, or refused by its code in the end", async () => {
  const { control } = stage.lab;
  const { hindrances } = control;
  const [inBackup, locked, imageLocked, staysInBackup, staysLocked] = [
    await stage.addVm("wait-backup", { filledMiB: 1 }),
    await stage.addVm("wait-disk", { filledMiB: 1 }),
    await stage.addVm("wait-image", { filledMiB: 1 }),
    await stage.addVm("stays-in-backup", { filledMiB: 1 }),
    await stage.addVm("stays-locked", { filledMiB: 1 }),
  ];
  const [backupId, stayingId] = [await beginForeign(inBackup), await beginForeign(staysInBackup)];
  const lock = async (vm: StagedVm, isLocked: boolean): Promise<void> =>
    hindrances.lockDisk(present(vm.disks[0]).id, isLocked);
  await lock(locked, true);
  await lock(staysLocked, true);
  await hindrances.showStatus(imageLocked.id, "image_locked");
  const waiting = [
    [await stage.start(inBackup.name), foreignWords(inBackup.name, backupId)],
    [await stage.start(locked.name), lockedWords(locked.name)],
    [await stage.start(imageLocked.name), imageLockedWords(imageLocked.name)],
  ] as const;
  for (const [sessionId, words] of waiting) await untilWaiting(sessionId, words);
  await hindrances.endBackup(backupId);
  await lock(locked, false);
  await hindrances.showStatus(imageLocked.id, "up");
  const [one, other] = await Promise.all([stage.backUp(staysInBackup), stage.backUp(staysLocked)]);
  expect(failureOf(one)).toBe(`VM_IN_BACKUP: ${foreignWords(staysInBackup.name, stayingId)}`);
  expect(failureOf(other)).toBe(`DISKS_LOCKED: ${lockedWords(staysLocked.name)}`);
  for (const [sessionId] of waiting) {
    const session = await stage.operator.waitForEnd(sessionId);
    expect(session.result, describeSession(session)).toBe(Result.SUCCESS);
  }
  await hindrances.endBackup(stayingId);
  await lock(staysLocked, false);
  for (const vm of [inBackup, locked, imageLocked]) await stage.expectSound(vm, 1);
  // The other product's checkpoints are not ours to touch.
  const theirs = (await control.leftovers()).checkpoints.filter(({ madeBy }) => madeBy === "lab");
  expect(theirs.map(({ vmId }) => vmId)).toEqual([inBackup.id, staysInBackup.id]);
});

test("a VM that another product began to back up after preflight is waited for with its agent's slot, visibly", async () => {
  const { control } = stage.lab;
  const vm = await stage.addVm("late-backup", { filledMiB: 1 });
  const busy = "Cannot backup VM. The VM is during a backup operation.";
  const what = { kind: "status", status: 409, detail: `[${busy}]` } as const;
  await control.rules.add({ match: { call: "POST /vms/*/backups" }, which: { from: 1, to: 2 }, what });
  const sessionId = await stage.start(vm.name);
  await until("the task to say that it waits", async () => {
    const doing = (await stage.operator.session(sessionId)).tasks[0]?.doing ?? "";
    return doing.startsWith("waits: ") && doing.includes(busy);
  });
  const session = await stage.operator.waitForEnd(sessionId);
  expect(session.result, describeSession(session)).toBe(Result.SUCCESS);
  await stage.expectSound(vm, 1);
});

test("a VM that we restore is waited for until it is complete", async () => {
  const { installation, lab, operator } = stage;
  const vm = await stage.addVm("restored-from", { filledMiB: 1 });
  expect((await stage.backUp(vm)).result).toBe(Result.SUCCESS);
  const { pointId } = await operator.newestPoint(vm.name);
  // The last steps of a restore take the mark off: they are held up.
  await lab.control.rules.add({
    match: { call: "PUT /vms/*" },
    which: { from: 1 },
    what: { kind: "delay", ms: 8_000 },
  });
  const restore = { pointId, name: "restored-to", requestId: randomName(16) };
  const { sessionId: restoring } = await installation.api.service(RestoreService).restoreVm(restore);
  await until("the VM to be there", async () =>
    (await lab.control.leftovers()).vms.some(({ name }) => name === "restored-to"),
  );
  const task = present((await operator.session(restoring)).tasks[0]);
  await operator.createJob("restored-to", ["restored-to"]);
  const sessionId = await stage.start("restored-to");
  const words = `vm restored-to is being restored by task ${task.taskId}: it can be backed up when that has ended`;
  await untilWaiting(sessionId, words);
  await lab.control.rules.clear();
  expect((await operator.waitForEnd(restoring)).result).toBe(Result.SUCCESS);
  const session = await operator.waitForEnd(sessionId);
  expect(session.result, describeSession(session)).toBe(Result.SUCCESS);
  const told = (await toldOf(restoring)).map(({ severity, description, vmId }) => [severity, description, vmId]);
  const restoredId = present((await operator.session(restoring)).tasks[0]).restoredVmId;
  const place = `(session ${restoring}, task ${task.taskId})`;
  expect(told).toEqual([
    ["normal", `Holdfast begins the restore of VM restored-to ${place}`, undefined],
    ["normal", `Holdfast ended the restore of VM restored-to: success ${place}`, restoredId],
  ]);
  await lab.control.removeVm(restoredId);
});

/** What the engine's log says of a session in our name. */
const toldOf = async (sessionId: string): Promise<readonly EngineEvent[]> =>
  (await stage.lab.control.hindrances.events()).filter(
    ({ origin, description }) => origin === "Holdfast" && description.includes(`session ${sessionId}`),
  );

test("the engine's log tells begin and end of a backup, and all that it did carries the attempt's correlation id", async () => {
  const vm = await stage.addVm("told", { filledMiB: 1 });
  const session = await stage.backUp(vm);
  const { taskId } = present(session.tasks[0]);
  const place = `(job told, session ${session.sessionId}, task ${taskId})`;
  expect(await toldOf(session.sessionId)).toMatchObject([
    { severity: "normal", vmId: vm.id, description: `Holdfast begins the backup of VM told ${place}` },
    { severity: "normal", vmId: vm.id, description: `Holdfast ended the backup of VM told: success ${place}` },
  ]);
  const ids = (await stage.lab.control.hindrances.events())
    .filter(({ vmId, madeBy }) => vmId === vm.id && madeBy !== "lab")
    .map(({ correlationId }) => correlationId);
  expect(ids.length).toBeGreaterThan(4);
  expect(new Set(ids)).toEqual(new Set([`hf-${taskId}-1`]));
});

test("what the engine's log says of a capture that failed is shown in its session, and its end in the log", async () => {
  const vm = await stage.addVm("told-trouble", { filledMiB: 1 });
  await stage.lab.control.failCapture(vm.id);
  const session = await stage.backUp(vm);
  const { remarks, taskId } = present(session.tasks[0]);
  expect(remarks).toContainEqual(
    expect.objectContaining({
      level: "warning",
      code: "ENGINE_EVENT",
      message: expect.stringMatching(
        /^the engine's event 10792: Backup [0-9a-f-]{36} for VM told-trouble failed\.$/,
      ) as string,
    }),
  );
  expect((await toldOf(session.sessionId)).at(-1)).toMatchObject({
    severity: "warning",
    description: `Holdfast ended the backup of VM told-trouble: success with warnings ENGINE_EVENT, ATTEMPT_RETRIED (job told-trouble, session ${session.sessionId}, task ${taskId})`,
  });
  await stage.expectSound(vm, 1);
});

test("an engine that takes no events from us fails nothing, and it is said once", async () => {
  const vm = await stage.addVm("untold", { filledMiB: 1 });
  const detail = "User is not authorized to perform this action.";
  const what = { kind: "status", status: 403, detail } as const;
  await stage.lab.control.rules.add({ match: { call: "POST /events" }, which: { from: 1 }, what });
  const first = await stage.backUp(vm);
  const second = await stage.backUp(vm);
  const refusals = [first, second].map(
    ({ tasks }) => present(tasks[0]).remarks.filter(({ code }) => code === "EVENTS_REFUSED").length,
  );
  expect([first.result, second.result]).toEqual([Result.SUCCESS, Result.SUCCESS]);
  expect(refusals).toEqual([1, 0]);
  await stage.expectSound(vm, 2);
});
