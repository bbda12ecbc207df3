import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Result } from "@holdfast/proto/holdfast/controller/v1/common_pb";
import { PointService } from "@holdfast/proto/holdfast/controller/v1/point_pb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeAsGuest } from "../harness/guest-writes.ts";
import { type Lab, twoClusters } from "../harness/lab.ts";
import { expectNothingLeft } from "../harness/nothing-left.ts";
import { describeSession, present } from "../harness/operator.ts";
import { type Reference, copyNextBackup, expectPointHolds } from "../harness/reference.ts";
import { type Story, openStory } from "../harness/story.ts";
import type { LabVm } from "../simulator/control/control-client.ts";

const MiB = 1024 * 1024;
const dayMs = 24 * 60 * 60 * 1000;

let story: Story;
let lab: Lab;
let vm: LabVm;

/** What the lab saw of every point. */
const references = new Map<string, Reference>();

beforeAll(async () => {
  story = await openStory({
    labs: [
      {
        ...twoClusters("ovirt"),
        vms: [
          {
            name: "kept",
            cluster: "east",
            status: "up",
            disks: [{ alias: "kept_root", size: 16 * MiB, fill: { seed: "kept", bytes: 6 * MiB } }],
          },
        ],
      },
    ],
    agents: [{ name: "east-1", manager: "ovirt", cluster: "east" }],
    controllerEnv: ({ dir }) => ({ NODE_OPTIONS: `--import=${join(dir, "wall-clock.mjs")}` }),
    prepare: ({ dir }) => setWallClock(dir, 0),
  });
  lab = story.lab("ovirt");
  vm = present((await lab.control.listVms())[0]);
  await story.operator.createJob("daily", [vm.id], { keepDays: 1 });
});

afterAll(async () => {
  await story?.[Symbol.asyncDispose]();
});

/** Sets the wall clock of controllers that start from now on this many days ahead. */
const setWallClock = (dir: string, days: number): Promise<void> =>
  writeFile(join(dir, "wall-clock.mjs"), `const now = Date.now;\nDate.now = () => now() + ${days * dayMs};\n`);

/** Stops the controller and starts it this many days after the real present. */
const goToDay = async (days: number): Promise<void> => {
  const { controller } = story.installation;
  await controller.stop();
  await setWallClock(story.run.dir, days);
  await controller.start();
  await story.operator.waitForAgents("east-1");
};

let changes = 0;

/** Changes the disk, backs it up and answers the new point's id. */
const makePoint = async (): Promise<string> => {
  const disk = present(vm.disks[0]);
  changes += 1;
  await writeAsGuest(lab, { vmId: vm.id, diskId: disk.id }, [{ offset: changes * MiB, length: 3 * 65_536 }], changes);
  const reference = await copyNextBackup(story, lab, vm.id, `reference-${changes}`);
  const session = await story.operator.runJob("daily");
  expect(session.result, describeSession(session)).toBe(Result.SUCCESS);
  const { pointId } = present(session.tasks[0]);
  references.set(pointId, reference);
  return pointId;
};

const expectPoints = async (...wanted: readonly string[]): Promise<void> => {
  const points = await story.operator.points(vm.id);
  expect(points.filter(({ health }) => health !== "removed").map(({ pointId }) => pointId)).toStrictEqual(wanted);
};

/** These points are there, no others, and each holds what the lab saw (R1, R2). */
const expectWholePoints = async (...wanted: readonly string[]): Promise<void> => {
  await expectPoints(...wanted);
  const diskIds = vm.disks.map(({ id }) => id);
  for (const pointId of wanted) await expectPointHolds(story, pointId, diskIds, present(references.get(pointId)));
};

test("points go when their days are over, never below the floor, and those that stay are whole (R2)", async () => {
  const a = await makePoint();
  const b = await makePoint();
  await goToDay(1);
  const c = await makePoint();
  const kept = (await story.operator.points(vm.id)).map(({ keptBecause }) => keptBecause);
  expect(kept).toStrictEqual(
    [a, b, c].map(() => ["its day is within 1 days", "it is one of the 3 newest good points of the VM"]),
  );

  await goToDay(3);
  const d = await makePoint();
  await expectPoints(b, c, d);
  const e = await makePoint();
  await expectPoints(c, d, e);
  await goToDay(30);
  const f = await makePoint();
  await expectWholePoints(d, e, f);
});

test("a point removed by hand goes below the floor only when that is said, and no other is touched (R2)", async () => {
  const points = story.installation.api.service(PointService);
  const [oldest, middle, newest] = (await story.operator.points(vm.id)).map(({ pointId }) => pointId);
  const pointId = present(middle);
  await expect(points.removePoint({ pointId }, { timeoutMs: 60_000 })).rejects.toMatchObject({ code: "BELOW_FLOOR" });
  await points.removePoint({ pointId, belowFloor: true }, { timeoutMs: 60_000 });
  await expectPoints(present(oldest), present(newest));
  await expectWholePoints(present(oldest), present(newest), await makePoint());
  const { checkpoints } = await lab.control.leftovers();
  expect(checkpoints).toHaveLength(1);
  await expectNothingLeft(lab, { checkpoints: checkpoints.map(({ id }) => id) });
});
