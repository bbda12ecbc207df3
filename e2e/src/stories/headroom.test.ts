import { Result } from "@holdfast/proto/holdfast/controller/v1/common_pb";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { slowReads, untilTransferring } from "../harness/mid-transfer.ts";
import { expectNothingLeft } from "../harness/nothing-left.ts";
import { describeSession, present } from "../harness/operator.ts";
import { type Stage, type StagedVm, openStage } from "../harness/stage.ts";
import { until } from "../harness/until.ts";

const gib = 2 ** 30;

let stage: Stage;

beforeAll(async () => {
  stage = await openStage({
    agents: ["east-1"],
    controllerEnv: {
      HOLDFAST_CONTROLLER_WORK_PREFLIGHT_PATIENCE_MS: "500",
      HOLDFAST_CONTROLLER_WORK_RETRY_DELAY_MS: "1500",
      HOLDFAST_CONTROLLER_WORK_HEADROOM_EVERY_MS: "100",
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

/** Lets the storage domain of a backup fill up while its disk is read; answers its session once the first attempt was ended. */
const fillUp = async (vm: StagedVm): Promise<string> => {
  const { control } = stage.lab;
  await slowReads(stage.lab, 300);
  const sessionId = await stage.start(vm.name);
  await untilTransferring(stage.lab, vm);
  await control.setStorageDomain("data1", { availableBytes: 5.5 * gib });
  await until("the first attempt to be ended", async () => {
    const [first] = (await stage.operator.session(sessionId)).tasks[0]?.attempts ?? [];
    return first?.state === "failed" ? first : undefined;
  });
  await control.clearFaults();
  return sessionId;
};

const lostWords = (name: string): string =>
  `vm ${name}: storage domain data1 is down to 5.5 GiB free, below 6.0 GiB (critical space + margin): the backup was ended before the guest would pause`;

test("a storage domain that fills up ends a live backup before the guest pauses, and it is made when there is room again", async () => {
  const vm = await stage.addVm("fills-up", { cluster: "west" });
  const sessionId = await fillUp(vm);
  await stage.lab.control.setStorageDomain("data1", { availableBytes: null });
  const session = await stage.operator.waitForEnd(sessionId);
  expect(session.result, describeSession(session)).toBe(Result.WARNING);
  const { attempts } = present(session.tasks[0]);
  expect(attempts[0]).toMatchObject({ state: "failed", code: "HEADROOM_LOST", message: lostWords(vm.name) });
  expect(attempts.at(-1)).toMatchObject({ state: "succeeded" });
  const { changes } = await stage.lab.control.vmHistory(vm.id);
  expect(changes.map(({ status }) => status)).not.toContain("paused");
  await stage.expectSound(vm, 1);
});

test("a storage domain that stays full ends a hybrid backup, and the VM fails by its code with nothing left", async () => {
  const vm = await stage.addVm("stays-full");
  const session = await stage.operator.waitForEnd(await fillUp(vm));
  expect(present(session.tasks[0]).remarks.filter(({ level }) => level === "error")).toMatchObject([
    {
      code: "HEADROOM_MISSING",
      message: expect.stringMatching(/^vm stays-full: storage domain data1 has 5\.5 GiB free/) as string,
    },
  ]);
  expect(present(session.tasks[0]).attempts[0]).toMatchObject({ code: "HEADROOM_LOST" });
  const { checkpoints } = await stage.lab.control.leftovers();
  await expectNothingLeft(stage.lab, {
    checkpoints: checkpoints.filter(({ vmId }) => vmId !== vm.id).map(({ id }) => id),
  });
});
