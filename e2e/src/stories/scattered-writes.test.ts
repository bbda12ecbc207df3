import { statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { Result } from "@holdfast/proto/holdfast/controller/v1/common_pb";
import { expect, test } from "vitest";
import { writeAsGuest } from "../harness/guest-writes.ts";
import { twoClusters } from "../harness/lab.ts";
import { describeSession, present } from "../harness/operator.ts";
import { rollDice } from "../harness/seed.ts";
import { openStory } from "../harness/story.ts";

const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;
const sampleChunks = 32;
const writes = 16;
const mostCalls = 60;

test("scattered writes cost the chunks that they touch and the sample, nothing more", async () => {
  const room = await statfs(tmpdir());
  expect(room.bavail * room.bsize, "free bytes for the lab's disk, its copies and the repository").toBeGreaterThan(
    2 * GiB,
  );
  const dice = rollDice("scattered-writes");
  await using story = await openStory({
    labs: [
      {
        ...twoClusters("ovirt"),
        vms: [
          {
            name: "big",
            cluster: "east",
            status: "up",
            disks: [
              { alias: "big_root", size: 4 * GiB },
              { alias: "big_other", size: 16 * MiB, fill: { seed: "other", bytes: 4 * MiB } },
            ],
          },
          {
            name: "other",
            cluster: "east",
            status: "up",
            disks: [{ alias: "other_root", size: 16 * MiB, fill: { seed: "root", bytes: 4 * MiB } }],
          },
        ],
      },
    ],
    agents: [{ name: "east-1", manager: "ovirt", cluster: "east" }],
    controllerEnv: () => ({ HOLDFAST_CONTROLLER_JANITOR_EVERY_MS: "600000" }),
  });
  const { operator } = story;
  const lab = story.lab("ovirt");
  const vm = present((await lab.control.listVms()).find(({ name }) => name === "big"));
  const disk = present(vm.disks.find(({ alias }) => alias === "big_root"));
  const guestDisk = { vmId: vm.id, diskId: disk.id };

  // 256 chunks, one in every 16 MiB.
  const chunks = Array.from({ length: 256 }, (_, index) => index * 16);
  await writeAsGuest(
    lab,
    guestDisk,
    chunks.map((chunk) => ({ offset: chunk * MiB, length: MiB })),
    dice.seed,
  );
  await operator.createJob("big", [vm.id], { excludedDisks: ["big:big_other"] });
  const first = await operator.runJob("big");
  expect(first.result, describeSession(first)).toBe(Result.SUCCESS);
  expect(first.bytes).toMatchObject({ readBytes: BigInt(256 * MiB) });

  const places = Array.from({ length: writes }, () => {
    const chunk = present(chunks.splice(dice.below(chunks.length), 1)[0]);
    return { offset: chunk * MiB + dice.below(241) * 4 * KiB, length: 64 * KiB };
  });
  await writeAsGuest(lab, guestDisk, places, dice.seed + 1);
  await lab.control.resetCounters();
  const second = await operator.runJob("big");
  const { calls, tickets } = await lab.control.counters();
  expect(second.result, describeSession(second)).toBe(Result.SUCCESS);
  expect(second.tasks[0]?.disks.find(({ diskId }) => diskId === disk.id)).toMatchObject({ mode: "incremental" });

  expect(tickets.map(({ diskId }) => diskId)).toStrictEqual([disk.id]);
  expect(tickets.map(({ bytesRead }) => bytesRead)).toStrictEqual([(writes + sampleChunks) * MiB]);
  expect(second.bytes).toMatchObject({
    changedBytes: BigInt(writes * MiB),
    readBytes: BigInt(writes * MiB),
    sampledBytes: BigInt(sampleChunks * MiB),
    storedBytes: BigInt(writes * MiB),
  });
  const made = Object.values(calls).reduce((sum, count) => sum + count, 0);
  process.stderr.write(`scattered-writes: ${made} engine calls\n`);
  expect(made, JSON.stringify(calls, null, 1)).toBeLessThanOrEqual(mostCalls);
});
