import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { temporaryFolder } from "../store/testing/sample-repository.ts";

const run = promisify(execFile);
const node = [
  process.execPath,
  "--expose-gc",
  "--conditions=source",
  join(import.meta.dirname, "testing/load-index.ts"),
] as const;
const toldSchema = z.object({
  outcome: z.string(),
  counts: z.object({ packs: z.number(), chunks: z.number() }),
  peakRssMiB: z.number(),
});
type Told = z.infer<typeof toldSchema>;

const [few, many] = [1_000_000, 4_000_000];
/** Milliseconds: on an idle machine it takes a twentieth. */
const testMs = 600_000;

/** Loads an index of that many chunks in a process of its own. */
const load = async (path: string, chunks: number): Promise<Told> => {
  const [command, ...args] = node;
  return toldSchema.parse(JSON.parse((await run(command, [...args, path, String(chunks)])).stdout));
};

const mayMount = await run("unshare", ["--map-root-user", "--mount", "true"]).then(
  () => true,
  () => false,
);
/** A shell script: mounts a small file system on $1, then becomes the rest. */
const onTmpfs = 'mount -t tmpfs -o size=3m tmpfs "$1" && shift && exec "$@"';

describe("making an index in a process of its own", () => {
  it(
    "takes no more than 32 MiB more for four times as many chunks",
    async () => {
      await using folder = await temporaryFolder();
      const [small, large] = await Promise.all([load(join(folder.path, "a"), few), load(join(folder.path, "b"), many)]);
      expect(small.counts.chunks).toBeGreaterThanOrEqual(few);
      expect(large.counts.chunks).toBeGreaterThanOrEqual(many);
      expect(large.peakRssMiB - small.peakRssMiB).toBeLessThan(32);
    },
    testMs,
  );

  it.skipIf(!mayMount)("on a disk that is full says so, and leaves no pack that seems to be indexed", async () => {
    await using folder = await temporaryFolder();
    const mount = join(folder.path, "small");
    await mkdir(mount);
    const args = ["--map-root-user", "--mount", "sh", "-c", onTmpfs, "sh", mount, ...node];
    const { stdout } = await run("unshare", [...args, join(mount, "index"), "400000"]);
    expect(toldSchema.parse(JSON.parse(stdout))).toMatchObject({
      outcome: "REPOSITORY_FULL",
      counts: { packs: 0, chunks: 0 },
    });
  });
});
