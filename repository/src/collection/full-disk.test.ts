import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { temporaryFolder } from "../store/testing/sample-repository.ts";

const run = promisify(execFile);
const program = new URL("testing/collect-on-full-disk.ts", import.meta.url).pathname;
const mayMount = await run("unshare", ["--map-root-user", "--mount", "true"]).then(
  () => true,
  () => false,
);
/** A shell script: mounts a small file system on $1, then becomes the rest. */
const onTmpfs = 'mount -t tmpfs -o size=6m tmpfs "$1" && shift && exec "$@"';

/** What the program tells of a disk without a byte left, but for a reserve of so many bytes. */
const onFullDisk = async (reserveBytes: number): Promise<unknown> => {
  await using folder = await temporaryFolder();
  const mount = join(folder.path, "small");
  await mkdir(mount);
  const node = [process.execPath, "--conditions=source", program, mount, String(reserveBytes)];
  const { stdout } = await run("unshare", ["--map-root-user", "--mount", "sh", "-c", onTmpfs, "sh", mount, ...node]);
  return JSON.parse(stdout);
};

/** What there is to be told when both did all that is to be done. */
const done = {
  verified: ["hurt"],
  collected: { packsSpared: 0 },
  kept: "whole",
  packs: 4,
  points: ["hurt", "kept"],
  quarantined: 2,
};

test.skipIf(!mayMount)(
  "on a disk without a byte left, damage goes into quarantine and garbage is collected, by the room that is kept for it",
  async () => {
    expect(await onFullDisk(1 << 20)).toEqual({ full: done, roomy: done });
  },
);

test.skipIf(!mayMount)(
  "on a disk without a byte left and no reserve, both say so, nothing is lost, and both are done when there is room",
  async () => {
    const full = {
      verified: "REPOSITORY_FULL",
      collected: "REPOSITORY_FULL",
      kept: "whole",
      packs: 6,
      // What was to go is absent, also while the plan for it could not be written.
      points: ["hurt", "kept"],
      quarantined: 0,
    };
    expect(await onFullDisk(0)).toEqual({ full, roomy: done });
  },
);
