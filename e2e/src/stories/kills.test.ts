import { join } from "node:path";
import { systemClock } from "@holdfast/shared/clock/clock";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { KeptProgram } from "../harness/kept-program.ts";
import { twoClusters } from "../harness/lab.ts";
import { expectNothingLeft } from "../harness/nothing-left.ts";
import { present, quietMoment } from "../harness/operator.ts";
import { openPointReader } from "../harness/point-reader.ts";
import { programArguments } from "../harness/programs.ts";
import { expectPointsIntact, keepReferences, neededCheckpoints } from "../harness/references.ts";
import { runWell } from "../harness/run-program.ts";
import { type Dice, rollDice } from "../harness/seed.ts";
import { expectCoded, expectDone, isDone } from "../harness/session-end.ts";
import { type Story, openStory } from "../harness/story.ts";
import { until } from "../harness/until.ts";

const MiB = 1024 * 1024;
const isSoak = process.env["HOLDFAST_SOAK"] === "1";
const kills = isSoak ? 50 : 5;
const withinMs = kills * 60_000;

const targets = ["controller", "agent", "repository", "nats-server"] as const;

/** When a program dies: some time after the session's task came to a state, at most that share of a session's length. */
const moments = [
  { state: "preparing", share: 0.2 },
  { state: "running", share: 0.2 },
  { state: "running", share: 0.4 },
  { state: "running", share: 0.6 },
  { state: "settling", share: 0.2 },
] as const;

/** States of a task in the order of a session that nothing befalls. */
const order = ["pending", "waiting", "preparing", "running", "settling", "succeeded"];

const dice: Dice = rollDice("kills");
let story: Story;

beforeAll(async () => {
  const disk = (name: string) => ({ alias: `${name}_root`, size: 16 * MiB, fill: { seed: name, bytes: 12 * MiB } });
  story = await openStory({
    labs: [
      {
        ...twoClusters("ovirt"),
        vms: targets.map((name) => ({ name, cluster: "east", status: "up", disks: [disk(name)] })),
      },
    ],
    agents: [{ name: "east-1", manager: "ovirt", cluster: "east" }],
  });
});

afterAll(async () => {
  await story?.[Symbol.asyncDispose]();
});

test.for(targets)(
  `${kills} kills of the %s in running sessions: each ends, no point is lost, nothing stays behind (R1, R5, R6)`,
  { timeout: withinMs },
  async (target) => {
    const { run, installation, operator } = story;
    const lab = story.lab("ovirt");
    const program = programOf(target);
    const vm = present((await lab.control.listVms()).find(({ name }) => name === target));
    const references = await keepReferences(lab, join(run.dir, `refs-${target}`), vm.id);
    await operator.createJob(target, [target]);
    await lab.control.startWriter(vm.id, { seed: dice.below(1_000_000), maxLengthBytes: MiB / 4, pauseMs: 20 });

    expectDone(await operator.runJob(target));
    const began = systemClock.monotonicMs();
    expectDone(await operator.runJob(target));
    const spanMs = systemClock.monotonicMs() - began;
    let committed: ReadonlySet<string> = new Set();
    for (let turn = 0; turn < kills; turn += 1) {
      const sessionId = await operator.startJob(target);
      const { state, share } = present(moments[turn % moments.length]);
      const extraMs = dice.below(1 + Math.floor(spanMs * share));
      await untilReached(sessionId, state);
      await quietMoment(extraMs);
      await program.kill();
      await program.start();
      const ended = await operator.waitForEnd(sessionId);
      const attempts = ended.tasks[0]?.attempts.length ?? 0;
      process.stderr.write(
        `kills: ${target} ${extraMs} ms into ${state}: ${ended.tasks[0]?.state}, ${attempts} attempts\n`,
      );
      if (!isDone(ended)) {
        expectCoded(ended);
        expectDone(await operator.runJob(target));
      }

      const points = await expectPointsIntact(installation.door, references, committed);
      committed = new Set(points.map(({ pointId }) => pointId));
      await expectNothingLeft(lab, { checkpoints: await allowed() });
      await references.prune();
    }
    expect(committed.size).toBe(kills + 2);
    await lab.control.stopWriter(vm.id);
  },
);

test("after all kills the bare folder of the repository verifies whole, without server and index (R1)", async () => {
  const { run, installation } = story;
  await installation.repository.stop();
  const args = [...programArguments("repository/cli"), "verify", installation.repositoryDir, "-o", "json"];
  const said = await runWell(
    { name: "verify", command: process.execPath, args, env: run.env },
    AbortSignal.timeout(120_000),
  );
  const { points } = JSON.parse(said) as { points: readonly { readonly state: string }[] };
  expect(points).toHaveLength(targets.length * (kills + 2));
  expect(points.filter(({ state }) => state !== "good")).toEqual([]);
});

const untilReached = async (sessionId: string, state: string): Promise<void> => {
  await until(`the task to be ${state}`, async () => {
    const task = present((await story.operator.session(sessionId)).tasks[0]);
    return order.indexOf(task.state) >= order.indexOf(state);
  });
};

const programOf = (target: (typeof targets)[number]): KeptProgram => {
  const { installation } = story;
  switch (target) {
    case "controller":
      return installation.controller;
    case "agent":
      return installation.agent("east-1");
    case "repository":
      return installation.repository;
    case "nats-server":
      return installation.nats;
  }
};

/** Checkpoints of the newest points of all VMs. */
const allowed = async (): Promise<readonly string[]> => {
  await using reader = await openPointReader(story.installation.door);
  return neededCheckpoints(await reader.list());
};
