import { join } from "node:path";
import { systemClock } from "@holdfast/shared/clock/clock";
import { systemRandom } from "@holdfast/shared/ids/ids";
import { mapBounded } from "@holdfast/shared/lifecycle/bounded";
import { startProcess } from "@holdfast/shared/process/child-process";
import { z } from "zod";
import { DirectoryObjectStore } from "../store/directory-object-store.ts";
import type { ObjectStore } from "../store/object-store.ts";
import { openS3Bucket } from "../store/s3/s3-bucket.ts";
import { S3ObjectStore } from "../store/s3/s3-object-store.ts";
import { s3SettingsSchema } from "../store/s3/s3-settings.ts";
import { temporaryFolder } from "../store/testing/sample-repository.ts";

// How fast packs and small objects go into and come out of a folder and the lab's S3 server, which is a process of its own.
// Run: node --conditions=source repository/src/bench/object-stores.ts

const MiB = 1024 * 1024;
const packs = Array.from({ length: 5 }, (_, index) => `packs/${index}`);
const packBytes = 48 * MiB;
const smallObjects = Array.from({ length: 200 }, (_, index) => `small/${index}`);

interface Took {
  readonly seconds: number;
  /** Of this process, all of its threads. */
  readonly cpuSeconds: number;
}

const timed = async (work: () => Promise<unknown>): Promise<Took> => {
  const beganMs = systemClock.monotonicMs();
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return { seconds: (systemClock.monotonicMs() - beganMs) / 1000, cpuSeconds: (user + system) / 1e6 };
};

const perMiB = ({ seconds, cpuSeconds }: Took, totalMiB: number): string =>
  `${(totalMiB / seconds).toFixed(0)} MiB/s with ${((cpuSeconds * 1000) / totalMiB).toFixed(1)} ms of CPU a MiB`;

const measure = async (kind: string, store: ObjectStore): Promise<void> => {
  const chunk = systemRandom(MiB);
  const writing = await timed(() =>
    mapBounded(packs, 2, async (name) => {
      await using staged = await store.stage(name);
      for (let written = 0; written < packBytes; written += chunk.byteLength) await staged.write([chunk]);
      await staged.publish();
    }),
  );
  const ranges = packs.flatMap((name) => Array.from({ length: packBytes / MiB }, (_, index) => ({ name, index })));
  const reading = await timed(() =>
    mapBounded(ranges, 8, ({ name, index }) => store.getRange(name, { offset: index * MiB, length: MiB })),
  );
  const creating = await timed(() =>
    mapBounded(smallObjects, 8, (name) => store.putIfAbsent(name, chunk.subarray(0, 500))),
  );
  const listing = await timed(() => Array.fromAsync(store.list("small")));
  const totalMiB = (packs.length * packBytes) / MiB;
  const results = [
    `packs written ${perMiB(writing, totalMiB)}`,
    `ranges of 1 MiB read ${perMiB(reading, totalMiB)}`,
    `${(smallObjects.length / creating.seconds).toFixed(0)} small objects/s with ${((creating.cpuSeconds * 1000) / smallObjects.length).toFixed(1)} ms of CPU each`,
    `${smallObjects.length} names listed in ${(listing.seconds * 1000).toFixed(0)} ms`,
  ];
  process.stdout.write(`${kind}: ${results.join(", ")}\n`);
};

{
  await using folder = await temporaryFolder();
  await using directory = new DirectoryObjectStore(folder.path);
  await measure("folder", directory);
}
await using server = await startProcess({
  name: "S3 server",
  command: process.execPath,
  args: ["--conditions=source", join(import.meta.dirname, "../store/s3/testing/s3-server-main.ts")],
});
const told = z.looseObject({ endpoint: z.string(), bucket: z.string(), id: z.string(), secret: z.string() });
const { endpoint, bucket, id, secret } = told.parse(await server.ready(30_000));
const settings = s3SettingsSchema.parse({ endpoint, bucket });
const env = { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret };
await using store = new S3ObjectStore(await openS3Bucket(settings, env), systemRandom);
await measure("S3", store);
