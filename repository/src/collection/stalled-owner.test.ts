import { execFile } from "node:child_process";
import { once } from "node:events";
import { cp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { DirectoryObjectStore } from "../store/directory-object-store.ts";
import { systemFiles } from "../store/durable-files.ts";
import { openRepositoryStore, ownRepository } from "../store/open-repository-store.ts";
import type { RepositoryStore } from "../store/repository-store.ts";
import { commitSample, sampleAttempt, temporaryFolder } from "../store/testing/sample-repository.ts";
import { openCollecting } from "./testing/collecting.ts";
import { expectWhole, makeGarbage, optionsOf } from "./testing/garbage.ts";
import { PausedFiles } from "./testing/paused-files.ts";

/** What a new owner does while the former one sleeps: it commits what the former one called garbage, and collects. */
const takeOver = async (store: RepositoryStore): Promise<void> => {
  await commitSample(store, { attempt: sampleAttempt("again"), seeds: [3, 2, 1] });
  await (await openCollecting(store)).collect();
};

/** Everything that the new owner acknowledged is there, whatever the former one did after it woke. */
const expectKept = async (store: RepositoryStore, folder: string): Promise<void> => {
  expect(await expectWhole(store)).toEqual(["again", "kept"]);
  await store[Symbol.asyncDispose]();
  await using next = await openRepositoryStore(join(folder, "r"), optionsOf(folder, "third"));
  expect(await expectWhole(next)).toEqual(["again", "kept"]);
};

/** A collection that sleeps before one step of writing, from its start on. */
const collectAsleep = async (files: PausedFiles, folder: string, onBegin: () => void): Promise<void> => {
  const objects = new DirectoryObjectStore(join(folder, "r"), { files });
  await using store = await ownRepository(objects, optionsOf(folder));
  const { collect } = await openCollecting(store);
  onBegin();
  await collect();
};

const stepsOfCollection = async (folder: string): Promise<{ readonly began: number; readonly steps: number }> => {
  const files = new PausedFiles(systemFiles, -1);
  let began = 0;
  await collectAsleep(files, folder, () => {
    began = files.steps;
  });
  return { began, steps: files.steps };
};

test("an owner that sleeps at a step of its start or collection, and wakes under a new owner, removes nothing that is relied on", async () => {
  await using root = await temporaryFolder();
  const template = join(root.path, "t");
  await makeGarbage(template);
  await cp(template, join(root.path, "count"), { recursive: true });
  const { began, steps } = await stepsOfCollection(join(root.path, "count"));
  expect(steps - began).toBeGreaterThan(20);
  let refused = 0;
  for (let step = 6; step < steps; step += 1) {
    const folder = join(root.path, `s${step}`);
    await cp(template, folder, { recursive: true });
    const files = new PausedFiles(systemFiles, step);
    const former = collectAsleep(files, folder, () => undefined).catch((caught: unknown) => caught);
    await files.asleep;
    const store = await openRepositoryStore(join(folder, "r"), optionsOf(folder, "second"));
    await takeOver(store);
    files.wake();
    if ((await former) !== undefined) refused += 1;
    await expectKept(store, folder);
    await rm(folder, { recursive: true });
  }
  expect(refused).toBeGreaterThan(5);
}, 120_000);

/** The state of a process by /proc, such as `T` for one that was stopped. */
const stateOf = async (pid: number): Promise<string> => {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  return stat.slice(stat.lastIndexOf(")") + 2).charAt(0);
};

test("the same with a process that is stopped by SIGSTOP", async () => {
  await using root = await temporaryFolder();
  const template = join(root.path, "t");
  await makeGarbage(template);
  await cp(template, join(root.path, "count"), { recursive: true });
  const { began, steps } = await stepsOfCollection(join(root.path, "count"));
  const program = new URL("testing/stopped-collector.ts", import.meta.url).pathname;
  // Before its first plan is named, before the first pack goes, and before its last plan.
  for (const step of [began + 3, began + 20, steps - 5]) {
    const folder = join(root.path, `s${step}`);
    await cp(template, folder, { recursive: true });
    const command = ["--pdeathsig", "KILL", process.execPath, "--conditions=source", program, folder, String(step)];
    const child = execFile("setpriv", command);
    const ended = once(child, "exit");
    await expect.poll(() => stateOf(child.pid ?? 0), { timeout: 30_000, interval: 20 }).toBe("T");
    const store = await openRepositoryStore(join(folder, "r"), optionsOf(folder, "second"));
    await takeOver(store);
    child.kill("SIGCONT");
    expect((await ended)[0]).toBe(3);
    await expectKept(store, folder);
  }
}, 90_000);
