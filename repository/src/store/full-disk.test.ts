import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { temporaryFolder } from "./testing/sample-repository.ts";

const run = promisify(execFile);
const program = new URL("testing/fill-disk-and-remove.ts", import.meta.url).pathname;
const mayMount = await run("unshare", ["--map-root-user", "--mount", "true"]).then(
  () => true,
  () => false,
);
/** A shell script: mounts a small file system on $1, then becomes the rest. */
const onTmpfs = 'mount -t tmpfs -o size=6m tmpfs "$1" && shift && exec "$@"';

test.skipIf(!mayMount)(
  "on a disk without a byte left, nothing is stored, and points can still be removed",
  async () => {
    await using folder = await temporaryFolder();
    const mount = join(folder.path, "small");
    await mkdir(mount);
    const node = [process.execPath, "--conditions=source", program, mount, join(folder.path, "index")];

    const { stdout } = await run("unshare", ["--map-root-user", "--mount", "sh", "-c", onTmpfs, "sh", mount, ...node]);

    expect(JSON.parse(stdout)).toEqual({
      commit: "REPOSITORY_FULL",
      remove: "done",
      fence: "done",
      confirm: "done",
      isRemoved: true,
    });
  },
);
