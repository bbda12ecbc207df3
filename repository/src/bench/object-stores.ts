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

const secondsOf = async (work: () => Promise<unknown>): Promise<number> => {
  const beganMs = systemClock.monotonicMs();
  await work();
  return (systemClock.monotonicMs() - beganMs) / 1000;
};

const measure = async (kind: string, store: ObjectStore): Promise<void> => {
  const chunk = systemRandom(MiB);
  const writing = await secondsOf(() =>
    mapBounded(packs, 2, async (name) => {
      await using staged = await store.stage(name);
      for (let written = 0; written < packBytes; written += chunk.byteLength) await staged.write([chunk]);
      await staged.publish();
    }),
  );
  const ranges = packs.flatMap((name) => Array.from({ length: packBytes / MiB }, (_, index) => ({ name, index })));
  const reading = await secondsOf(() =>
    mapBounded(ranges, 8, ({ name, index }) => store.getRange(name, { offset: index * MiB, length: MiB })),
  );
  const creating = await secondsOf(() =>
    mapBounded(smallObjects, 8, (name) => store.putIfAbsent(name, chunk.subarray(0, 500))),
  );
  const listing = await secondsOf(() => Array.fromAsync(store.list("small")));
  const totalMiB = (packs.length * packBytes) / MiB;
  process.stdout.write(
    `${kind}: packs written ${(totalMiB / writing).toFixed(0)} MiB/s, ranges of 1 MiB read ${(totalMiB / reading).toFixed(0)} MiB/s, ` +
      `${(smallObjects.length / creating).toFixed(0)} small objects/s, ${smallObjects.length} names listed in ${(listing * 1000).toFixed(0)} ms\n`,
  );
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
