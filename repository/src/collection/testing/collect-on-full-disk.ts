/**
 * A program for the test of a full disk: on the small file system that its argument names it makes a repository with garbage and
 * with damage, fills the rest of the disk, verifies and collects, does so again when there is room, and tells on standard output what came of it, as
 * one JSON object.
 */
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { systemRandom } from "@holdfast/shared/ids/ids";
import { openRepositoryStore } from "../../store/open-repository-store.ts";
import { FileReserve } from "../../store/space-reserve.ts";
import { fillDisk } from "../../store/testing/fill-disk.ts";
import { commitSample, createSample, sampleAttempt } from "../../store/testing/sample-repository.ts";
import { damageOnDisk, idOfSeed } from "../../verification/testing/damaged.ts";
import { openVerifying } from "../../verification/testing/verifying.ts";
import { openCollecting } from "./collecting.ts";
import { leaveGarbage, optionsOf } from "./garbage.ts";

/** What the work gives, or the code of its failure. */
const told = async (work: () => Promise<unknown>): Promise<unknown> => {
  try {
    return await work();
  } catch (caught) {
    return HoldfastError.from(caught).code;
  }
};

const [folder = "", reserveBytes = "0"] = process.argv.slice(2);
const directory = join(folder, "r");
await createSample(directory);
const path = join(directory, "reserve");
const reserve = new FileReserve({ path, bytes: Number(reserveBytes), leavesBytes: 0, random: systemRandom });
await using store = await openRepositoryStore(directory, { ...optionsOf(folder), reserve });
await store.refillReserve();
await commitSample(store, { attempt: sampleAttempt("hurt"), seeds: [6, 7] });
await leaveGarbage(store);
await damageOnDisk(store, directory, [6, 7]);
await fillDisk(join(folder, "filler"));

const collecting = await openCollecting(store);
const verifying = await openVerifying(store, { catalog: collecting.catalog });
const verify = async (): Promise<unknown> => {
  await verifying.readAll();
  return collecting.catalog
    .list()
    .flatMap(({ pointId, marked: { verified } }) => (verified?.damaged.length ? [pointId] : []));
};
const collect = async (): Promise<unknown> => {
  const { packsSpared } = await collecting.collect();
  return { packsSpared };
};
const readKept = async (): Promise<unknown> => {
  for (const seed of [1, 4]) await store.verifyRecord("chunk", idOfSeed(seed));
  return "whole";
};
const tell = async () => ({
  verified: await told(verify),
  collected: await told(collect),
  kept: await told(readKept),
  packs: (await store.counts()).packs,
  points: (await store.listPoints()).toSorted(),
  quarantined: (await store.quarantinedIds()).length,
});
const full = await tell();
for (const name of await readdir(folder)) if (name.startsWith("filler")) await rm(join(folder, name));
process.stdout.write(JSON.stringify({ full, roomy: await tell() }));
