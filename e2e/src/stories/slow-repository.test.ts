import { Result } from "@holdfast/proto/holdfast/controller/v1/common_pb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freeze, thaw } from "../harness/freeze.ts";
import { patientWithAgents } from "../harness/installation.ts";
import { slowReads } from "../harness/mid-transfer.ts";
import { describeSession } from "../harness/operator.ts";
import { type Stage, openStage } from "../harness/stage.ts";
import { until } from "../harness/until.ts";
import type { ServedTicket } from "../simulator/control/served-bytes.ts";

const MiB = 1024 * 1024;

let stage: Stage;

beforeAll(async () => {
  stage = await openStage({
    agents: ["east-1"],
    controllerEnv: { ...patientWithAgents, HOLDFAST_CONTROLLER_WORK_TRANSFER_INACTIVITY_S: "12" },
  });
});

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
});

test("a repository that takes nothing for longer than a transfer may idle: the ticket is kept alive", async () => {
  const { lab, operator, installation } = stage;
  const vm = await stage.addVm("slow-repository", { sizeMiB: 32, filledMiB: 24 });
  const [disk] = vm.disks;
  const ticket = async (): Promise<ServedTicket | undefined> =>
    (await lab.control.counters()).tickets.find(({ diskId }) => diskId === disk?.id);
  await slowReads(lab, 300);
  const sessionId = await stage.start(vm.name);
  await until("chunks to be stored", async () => {
    const bytes = (await operator.session(sessionId)).tasks[0]?.disks[0]?.bytes;
    return (bytes?.storedBytes ?? 0n) >= BigInt(8 * MiB);
  });
  await freeze(installation.repository);
  await lab.control.clearFaults();
  // Two lanes read the four runs that they have in hand, and then each asks every three seconds, where twelve are the end.
  const { requests = 0 } = (await ticket()) ?? {};
  await until("the ticket to be kept alive", async () => ((await ticket())?.requests ?? 0) >= requests + 13).finally(
    () => thaw(installation.repository),
  );
  const session = await operator.waitForEnd(sessionId);
  expect(session.result, describeSession(session)).toBe(Result.SUCCESS);
  expect((await lab.control.counters()).tickets.filter(({ diskId }) => diskId === disk?.id)).toHaveLength(1);
  await stage.expectSound(vm, 1);
});
