import { execFile } from "node:child_process";
import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { InlineThread } from "@holdfast/shared/threads/inline-thread";
import { expect, test } from "vitest";
import type { IndexCalls } from "../index/index-calls.ts";
import { createIndexService } from "../index/index-service.ts";
import { DirectoryObjectStore } from "../store/directory-object-store.ts";
import { systemFiles } from "../store/durable-files.ts";
import { openRepositoryStore, ownRepository } from "../store/open-repository-store.ts";
import { inlineThreads } from "../store/testing/inline-threads.ts";
import { temporaryFolder } from "../store/testing/sample-repository.ts";
import { openCollecting } from "./testing/collecting.ts";
import { expectRecovery } from "./testing/expect-recovery.ts";
import { expectWhole, makeGarbage, optionsOf } from "./testing/garbage.ts";
import { PausedFiles } from "./testing/paused-files.ts";

/** Runs the collector that kills itself; resolves with the signal that ended it. */
const runKilled = async (folder: string, step: number): Promise<string | null> =>
  await new Promise((resolve) => {
    const program = new URL("testing/stopped-collector.ts", import.meta.url).pathname;
    const node = [process.execPath, "--conditions=source", program, folder, String(step), "SIGKILL"];
    const child = execFile("setpriv", ["--pdeathsig", "KILL", ...node], () => {
      resolve(child.signalCode);
    });
  });

/** How many steps of writing a start and a collection are, and which is the first of the collection. */
const countSteps = async (folder: string): Promise<{ readonly began: number; readonly steps: number }> => {
  const files = new PausedFiles(systemFiles, -1);
  await using store = await ownRepository(new DirectoryObjectStore(join(folder, "r"), { files }), optionsOf(folder));
  const collecting = await openCollecting(store);
  const began = files.steps;
  await collecting.collect();
  return { began, steps: files.steps };
};

/** Seconds on an idle machine; the deadline is for a crowded one. */
const deadlineMs = 600_000;

test(
  "a process killed by SIGKILL amid collecting, compacting or deleting leaves nothing that needs an operator",
  async () => {
    await using root = await temporaryFolder();
    const template = join(root.path, "t");
    await makeGarbage(template);
    await cp(template, join(root.path, "count"), { recursive: true });
    const { began, steps } = await countSteps(join(root.path, "count"));
    let kills = 0;
    for (let step = began; step < steps; step += 1) {
      const folder = join(root.path, `s${step}`);
      await cp(template, folder, { recursive: true });
      expect(await runKilled(folder, step)).toBe("SIGKILL");
      await expectRecovery(folder);
      await rm(folder, { recursive: true });
      kills += 1;
    }
    expect(kills).toBeGreaterThan(3);
  },
  deadlineMs,
);

/** An index that dies at its n-th change, and of which the file is what a killed process leaves. */
const dyingIndex = (dieAt: number) => () => {
  const service = createIndexService();
  let changes = 0;
  const change = (): void => {
    changes += 1;
    if (changes > dieAt) throw new Error("killed by a test");
  };
  const calls: IndexCalls = {
    ...service.calls,
    addPack: (pack) => {
      change();
      service.calls.addPack(pack);
    },
    reset: (argument) => {
      change();
      service.calls.reset(argument);
    },
  };
  return new InlineThread(calls, () => {
    service[Symbol.dispose]();
  });
};

test("an index that is being made anew may be killed after any pack: the next start reads the rest", async () => {
  await using folder = await temporaryFolder();
  await makeGarbage(folder.path);
  for (let dieAt = 0; dieAt <= 4; dieAt += 1) {
    {
      const threads = { ...inlineThreads, index: dyingIndex(dieAt) };
      await using store = await openRepositoryStore(join(folder.path, "r"), { ...optionsOf(folder.path), threads });
      await expect(store.rebuildIndex()).rejects.toThrow("killed by a test");
    }
    await using store = await openRepositoryStore(join(folder.path, "r"), optionsOf(folder.path));
    expect(await expectWhole(store)).toEqual(["kept", "removed"]);
  }
});
