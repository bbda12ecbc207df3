import { execFile } from "node:child_process";
import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { InlineThread } from "@holdfast/shared/threads/inline-thread";
import { expect, test } from "vitest";
import { optionsOf } from "../collection/testing/garbage.ts";
import type { IndexCalls } from "../index/index-calls.ts";
import { createIndexService } from "../index/index-service.ts";
import { DirectoryObjectStore } from "../store/directory-object-store.ts";
import { systemFiles } from "../store/durable-files.ts";
import { packText } from "../store/object-names.ts";
import { openRepositoryStore, ownRepository } from "../store/open-repository-store.ts";
import { inlineThreads } from "../store/testing/inline-threads.ts";
import { type FileStep, inputOutput, noSpace, ObservedFiles, type StepFate } from "../store/testing/observed-files.ts";
import { temporaryFolder } from "../store/testing/sample-repository.ts";
import { makeDamaged } from "./testing/damaged.ts";
import { type CutOff, expectAllFound, expectVerifiable } from "./testing/expect-verifiable.ts";
import { openVerifying } from "./testing/verifying.ts";

const isSoak = process.env["HOLDFAST_SOAK"] === "1";
/** Seconds on an idle machine; the deadline is for a crowded one. */
const deadlineMs = isSoak ? 600_000 : 90_000;

type Decide = (step: FileStep, files: ObservedFiles) => StepFate;

/** One start and one verification of everything, cut off wherever `decide` says, and how it ended. */
interface Run {
  readonly files: ObservedFiles;
  readonly opened: ReadonlySet<string>;
  /** The first step of the verification itself. */
  readonly began: number;
  readonly ended: unknown;
}

/** `again` = when it failed, the same server tries once more. */
const runUntil = async (folder: string, decide: Decide, { again = false } = {}): Promise<Run> => {
  const files: ObservedFiles = new ObservedFiles(systemFiles, (step) => decide(step, files));
  const objects = new DirectoryObjectStore(join(folder, "r"), { files });
  const opened = new Set<string>();
  let began = 0;
  let ended: unknown;
  try {
    await using store = await ownRepository(objects, optionsOf(folder));
    const verifying = await openVerifying(store, { onPack: (pack) => opened.add(packText(pack)) });
    began = files.steps.length;
    try {
      await verifying.readAll();
    } catch (caught) {
      ended = caught;
      if (!again) throw caught;
      await verifying.readAll();
      await expectAllFound(store, verifying);
    }
  } catch (caught) {
    ended ??= caught;
    if (!(caught instanceof HoldfastError)) throw caught;
  }
  return { files, opened, began, ended };
};

interface Template extends AsyncDisposable {
  readonly damagedPack: string;
  readonly began: number;
  readonly steps: number;
  /** A copy to be cut off at a step; gone afterwards. */
  readonly at: (step: number, crash: (folder: string) => Promise<void>) => Promise<void>;
}

const openTemplate = async (): Promise<Template> => {
  await using opening = new AsyncDisposableStack();
  const root = opening.use(await temporaryFolder());
  const template = join(root.path, "t");
  const damagedPack = await makeDamaged(template);
  const at: Template["at"] = async (step, crash) => {
    const folder = join(root.path, `s${step}`);
    await cp(template, folder, { recursive: true });
    await crash(folder);
    await rm(folder, { recursive: true });
  };
  let whole: Run | undefined;
  await at(-1, async (folder) => {
    whole = await runUntil(folder, () => "pass");
  });
  expect(whole?.ended).toBeUndefined();
  const moved = opening.move();
  return {
    damagedPack,
    began: whole?.began ?? 0,
    steps: whole?.files.steps.length ?? 0,
    at,
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  };
};

/** Cuts a verification off at every `stride`th of its steps; answers how often. */
const atSteps = async (
  { first, stride }: { readonly first: number; readonly stride: number },
  crash: (folder: string, step: number) => Promise<CutOff["opened"]>,
): Promise<number> => {
  await using template = await openTemplate();
  const { damagedPack, began, steps, at } = template;
  let crashes = 0;
  for (let step = began + first; step < steps; step += stride) {
    await at(step, async (folder) => {
      await expectVerifiable({ folder, damagedPack, opened: await crash(folder, step) });
    });
    crashes += 1;
  }
  return crashes;
};

const stopAt =
  (number: number): Decide =>
  (step, files) => {
    if (step.number < number) return "pass";
    files.stop();
    return step.step === "write" ? "torn" : inputOutput();
  };

test(
  "a power failure at any step of a verification loses no good record and leaves no damage half known",
  async () => {
    const crashes = await atSteps({ first: 0, stride: isSoak ? 1 : 7 }, async (folder, number) => {
      await cp(join(folder, "index"), join(folder, "old-index"));
      const { files, opened } = await runUntil(folder, stopAt(number));
      await files.losePower();
      // The index lost all its transactions of this run.
      for (const suffix of ["-wal", "-shm"]) await rm(join(folder, `index${suffix}`), { force: true });
      await cp(join(folder, "old-index"), join(folder, "index"));
      return opened;
    });
    expect(crashes).toBeGreaterThan(7);
  },
  deadlineMs,
);

/** Steps that need room. */
const needsRoom: ReadonlySet<FileStep["step"]> = new Set(["create", "write", "sync", "link", "makeDirectory"]);

test(
  "a disk that is full at one step of a verification is told by its code, and the rest is found when there is room, by the same server or the next",
  async () => {
    let toldFull = 0;
    const crashes = await atSteps({ first: 1, stride: isSoak ? 1 : 7 }, async (folder, number) => {
      const full: Decide = (step) => (step.number === number && needsRoom.has(step.step) ? noSpace() : "pass");
      // Every other time the server itself tries again, else the next one.
      const { opened, ended } = await runUntil(folder, full, { again: number % 2 === 0 });
      if (ended instanceof HoldfastError && ended.code === "REPOSITORY_FULL") toldFull += 1;
      return opened;
    });
    expect(crashes).toBeGreaterThan(7);
    expect(toldFull).toBeGreaterThan(2);
  },
  deadlineMs,
);

/** An index that is killed when records are dropped from it: before that, or when it is done and nobody heard of it. */
const dyingIndex = (moment: "before" | "after") => () => {
  const service = createIndexService();
  const calls: IndexCalls = {
    ...service.calls,
    dropRecords: (records) => {
      if (records.length === 0) return;
      if (moment === "after") service.calls.dropRecords(records);
      throw new HoldfastError("IO_FAILED", "killed by a test");
    },
  };
  return new InlineThread(calls, () => {
    service[Symbol.dispose]();
  });
};

for (const moment of ["before", "after"] as const) {
  test(`a kill ${moment} damaged records are dropped from the index leaves them absent, and all others there`, async () => {
    await using template = await openTemplate();
    await template.at(0, async (folder) => {
      const threads = { ...inlineThreads, index: dyingIndex(moment) };
      const opened = new Set<string>();
      {
        await using store = await openRepositoryStore(join(folder, "r"), { ...optionsOf(folder), threads });
        const { readAll } = await openVerifying(store, { onPack: (pack) => opened.add(packText(pack)) });
        await expect(readAll()).rejects.toMatchObject({ code: "IO_FAILED" });
      }
      await expectVerifiable({ folder, damagedPack: template.damagedPack, opened });
    });
  });
}

/** Runs the verification that kills itself; resolves with what ended it and the packs that it told. */
const runKilled = async (folder: string, step: number): Promise<{ signal: string | null; opened: Set<string> }> =>
  await new Promise((resolve) => {
    const program = new URL("testing/killed-verification.ts", import.meta.url).pathname;
    const node = [process.execPath, "--conditions=source", program, folder, String(step)];
    const child = execFile("setpriv", ["--pdeathsig", "KILL", ...node], (_, stdout) => {
      resolve({ signal: child.signalCode, opened: new Set(stdout.split("\n")) });
    });
  });

test(
  "a verification killed by SIGKILL leaves nothing that needs an operator",
  async () => {
    const crashes = await atSteps({ first: 2, stride: isSoak ? 1 : 23 }, async (folder, step) => {
      const { signal, opened } = await runKilled(folder, step);
      expect(signal).toBe("SIGKILL");
      return opened;
    });
    expect(crashes).toBeGreaterThan(2);
  },
  deadlineMs,
);
