import { execFile } from "node:child_process";
import { join } from "node:path";
import { fromHex } from "@holdfast/shared/format/content-id";
import { expect, test } from "vitest";
import { openRepositoryStore } from "./open-repository-store.ts";
import {
  commitSample,
  createSample,
  sampleAttempt,
  sampleOptions,
  temporaryFolder,
} from "./testing/sample-repository.ts";

/** Runs the server that kills itself; resolves with the signal that ended it. */
const runKilled = async (folder: string, step: number): Promise<string | null> =>
  await new Promise((resolve) => {
    const program = join(import.meta.dirname, "testing/killed-server.ts");
    const command = ["--pdeathsig", "KILL", process.execPath, "--conditions=source", program, folder, String(step)];
    const child = execFile("setpriv", command, () => {
      resolve(child.signalCode);
    });
  });

test("a server killed with SIGKILL, again and again, needs nobody to start again and loses nothing", async () => {
  await using folder = await temporaryFolder();
  await createSample(join(folder.path, "r"));
  const options = sampleOptions(join(folder.path, "index"));
  {
    await using store = await openRepositoryStore(join(folder.path, "r"), options);
    await commitSample(store, { attempt: sampleAttempt("before"), seeds: [1, 2] });
  }
  for (const step of [3, 12, 20, 28]) expect(await runKilled(folder.path, step)).toBe("SIGKILL");
  await using store = await openRepositoryStore(join(folder.path, "r"), options);
  // The first of them died before it had named its epoch.
  expect(store.epoch).toBe(5);
  await commitSample(store, { attempt: sampleAttempt("killed", 2), seeds: [2, 0, 3] });
  expect([...(await store.listPoints())].sort()).toEqual(["before", "killed"]);
  for (const pointId of await store.listPoints()) {
    const point = await store.readPoint(pointId);
    for (const { root } of point?.manifest.clear.disks ?? []) await store.verifyRecord("page", fromHex(root));
  }
});
