import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "@holdfast/shared/clock/clock";
import { expect, test } from "vitest";
import { freeze } from "../harness/freeze.ts";
import { type Installation, openInstallation } from "../harness/installation.ts";
import { openLab, twoClusters } from "../harness/lab.ts";
import { type LoopImage, canMountImages, openLoopImage } from "../harness/loop-image.ts";
import { expectNothingLeft } from "../harness/nothing-left.ts";
import { createOperator, present, quietMoment } from "../harness/operator.ts";
import { expectPointsIntact, keepReferences, neededCheckpoints } from "../harness/references.ts";
import { rollDice } from "../harness/seed.ts";
import { expectCoded, expectDone, isDone } from "../harness/session-end.ts";
import { openTestRun } from "../harness/test-run.ts";

const MiB = 1024 * 1024;
const failures = process.env["HOLDFAST_SOAK"] === "1" ? 50 : 3;

test.skipIf(!(await canMountImages()))(
  "power failures at random moments of running sessions: no committed point is lost, the next session succeeds (R1, R5, R13)",
  { timeout: failures * 60_000 + 120_000 },
  async () => {
    const dice = rollDice("power-failure");
    await using run = await openTestRun();
    const disk = { alias: "web-1_root", size: 16 * MiB, fill: { seed: "web-1", bytes: 12 * MiB } };
    await using lab = await openLab(run, {
      ...twoClusters("ovirt"),
      vms: [{ name: "web-1", cluster: "east", status: "up", disks: [disk] }],
    });
    await using state = await openLoopImage(run.dir, "state", 96 * MiB);
    await using store = await openLoopImage(run.dir, "store", 1024 * MiB);
    await using installation = await openInstallation({
      run,
      agents: [{ name: "east-1", manager: "ovirt", cluster: "east" }],
      controllerDir: join(state.mountPoint, "controller"),
      repositoryDir: join(store.mountPoint, "repository"),
      repositoryEnv: { HOLDFAST_REPOSITORY_INDEX_PATH: join(store.mountPoint, "index.sqlite") },
    });
    const operator = createOperator(installation);
    await operator.addManager(lab);
    await operator.addRepository();
    await operator.waitForAgents("east-1");
    await operator.createJob("nightly", ["web-1"]);
    const vm = present((await lab.control.listVms())[0]);
    const references = await keepReferences(lab, join(run.dir, "refs"), vm.id);
    await lab.control.startWriter(vm.id, { seed: dice.below(1_000_000), maxLengthBytes: MiB / 4, pauseMs: 20 });

    expectDone(await operator.runJob("nightly"));
    const began = systemClock.monotonicMs();
    expectDone(await operator.runJob("nightly"));
    const spanMs = systemClock.monotonicMs() - began;
    for (let turn = 0; turn < failures; turn += 1) {
      const sessionId = await operator.startJob("nightly");
      const momentMs = Math.floor(((turn + dice.below(1_000) / 1_000) * spanMs) / failures);
      await quietMoment(momentMs);
      await cutPower(installation, [state, store], String(turn));
      const committed = await acknowledgedPoints(run.dir);
      await start(installation);

      await expectPointsIntact(installation.door, references, committed);
      const ended = await operator.waitForEnd(sessionId);
      process.stderr.write(
        `power-failure: after ${momentMs} ms, ${committed.length} points: ${ended.tasks[0]?.state}, ${ended.tasks[0]?.attempts.length} attempts\n`,
      );
      if (!isDone(ended)) expectCoded(ended);
      const next = await operator.runJob("nightly");
      expectDone(next);
      const points = await expectPointsIntact(installation.door, references, committed);
      expect(points.at(-1)?.pointId).toBe(next.tasks[0]?.taskId);
      await expectNothingLeft(lab, { checkpoints: neededCheckpoints(points) }, 60_000);
      await references.prune();
    }
  },
);

const programsOf = ({ nats, repository, controller, agents }: Installation) => [
  nats,
  repository,
  controller,
  ...agents.values(),
];

/** Everything stands still, the disks are copied as they are, and the machine is gone; the copies take the disks' places. */
const cutPower = async (installation: Installation, images: readonly LoopImage[], name: string): Promise<void> => {
  const programs = programsOf(installation);
  await Promise.all(programs.map(freeze));
  const copies = images.map(({ mountPoint }) => `${mountPoint}-${name}.img`);
  await Promise.all(images.map((image, index) => image.copyTo(present(copies[index]))));
  await Promise.all(programs.map((program) => program.kill()));
  for (const [index, image] of images.entries()) await image.replaceBy(present(copies[index]));
};

const start = async (installation: Installation): Promise<void> => {
  for (const program of programsOf(installation)) await program.start();
};

/** Points whose commit the repository told as done before its end, by the log that is not on its disk. */
const acknowledgedPoints = async (dir: string): Promise<readonly string[]> =>
  (await readFile(join(dir, "repository.log"), "utf8"))
    .split("\n")
    .filter((line) => line.includes(`"msg":"upload moved"`) && line.includes(`"to":"committed"`))
    .flatMap((line) => /"task":"(\w+)"/.exec(line)?.[1] ?? []);
