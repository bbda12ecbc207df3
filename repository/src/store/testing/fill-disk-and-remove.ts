/**
 * A program for the test of a full disk: on the small file system that its argument names it makes a repository with two
 * points, fills the rest of the disk, and tells on standard output what still works, as one JSON object.
 */
import { join } from "node:path";
import { systemClock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { systemRandom } from "@holdfast/shared/ids/ids";
import { openRepositoryStore } from "../open-repository-store.ts";
import { FileReserve } from "../space-reserve.ts";
import { fillDisk } from "./fill-disk.ts";
import { inlineThreads } from "./inline-threads.ts";
import { commitSample, createSample, sampleAttempt, sampleOptions } from "./sample-repository.ts";

const codeOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return "done";
  } catch (caught) {
    return HoldfastError.from(caught).code;
  }
};

const [folder = "", indexPath = ""] = process.argv.slice(2);
const directory = join(folder, "r");
await createSample(directory);
const reserve = new FileReserve({
  path: join(directory, "reserve"),
  bytes: 1 << 20,
  leavesBytes: 0,
  random: systemRandom,
});
await using store = await openRepositoryStore(directory, {
  ...sampleOptions(indexPath),
  threads: inlineThreads,
  reserve,
});
await store.refillReserve();
await commitSample(store, { attempt: sampleAttempt("a"), seeds: [1, 2] });
await commitSample(store, { attempt: sampleAttempt("b"), seeds: [3, 4] });
await fillDisk(join(folder, "filler"));

const removed = { atMs: systemClock.nowMs(), reason: "full", belowFloor: true };
const found = {
  commit: await codeOf(commitSample(store, { attempt: sampleAttempt("c"), seeds: [5, 6] })),
  remove: await codeOf(store.writeMark("a", (state) => ({ ...state, removed }))),
  fence: await codeOf(store.fence(sampleAttempt("c", 9))),
  confirm: await codeOf(store.guardedClock.confirm()),
  isRemoved: (await store.readMark("a"))?.state.removed?.reason === "full",
};
process.stdout.write(JSON.stringify(found));
