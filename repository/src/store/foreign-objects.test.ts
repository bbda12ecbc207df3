import { copyFile, mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { newRepositoryId } from "@holdfast/shared/format/repository-id";
import { systemRandom } from "@holdfast/shared/ids/ids";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Catalog } from "../catalog/catalog.ts";
import { createEncrypted, testPassword } from "../testing/encrypted-server.ts";
import { changeKeys } from "./change-keys.ts";
import { systemClock } from "@holdfast/shared/clock/clock";
import { withPassword } from "@holdfast/shared/keys/master-key";
import { openRepositoryReader, openRepositoryStore } from "./open-repository-store.ts";
import { planKind } from "./plan.ts";
import { encodeSmallObject } from "./small-object.ts";
import { codeOf } from "./testing/code-of.ts";
import { inlineThreads } from "./testing/inline-threads.ts";
import {
  commitSample,
  createSample,
  sampleAttempt,
  sampleOptions,
  temporaryFolder,
} from "./testing/sample-repository.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let root = "";
let packs: readonly string[] = [];

const own = () => openRepositoryStore(root, { ...sampleOptions(join(folder.path, "index")), threads: inlineThreads });
const read = () => openRepositoryReader(root, { threads: inlineThreads });

beforeEach(async () => {
  folder = await temporaryFolder();
  root = join(folder.path, "r");
  await createSample(root);
  await using store = await own();
  await commitSample(store, { attempt: sampleAttempt("one"), seeds: [1] });
  await commitSample(store, { attempt: sampleAttempt("two"), seeds: [2] });
  await store.writeMark("two", (state) => ({ ...state, removed: { atMs: 1, reason: "old", belowFloor: true } }));
  packs = (await readdir(join(root, "packs"), { recursive: true })).flatMap((name) => /[0-9a-f]{16}$/.exec(name) ?? []);
});

afterEach(() => folder[Symbol.asyncDispose]());

const planOf = (repositoryId: ReturnType<typeof newRepositoryId>, number: number): Uint8Array => {
  const plan = { number, epoch: 1, writtenMs: 1, doneThrough: 0, packs: [...packs].sort(), points: ["one"] };
  return encodeSmallObject(planKind, repositoryId, plan);
};

describe("an object that does not belong where it lies", () => {
  it("condemns nothing when it is another repository's plan, though packs there have the same names", async () => {
    await writeFile(join(root, "plans", "00000002"), planOf(newRepositoryId(systemRandom), 2));
    expect(await codeOf(own())).toBe("REPOSITORY_DAMAGED");
    await using reader = await read();
    expect((await Catalog.load(reader)).list().map(({ pointId }) => pointId)).toContain("one");
    expect((await reader.counts()).chunks).toBe(2);
  });

  it("condemns nothing when it is a plan of another number", async () => {
    await using reader = await read();
    await writeFile(join(root, "plans", "00000002"), planOf(reader.facts.repositoryId, 7));
    expect(await codeOf(own())).toBe("REPOSITORY_DAMAGED");
  });

  it("removes no point when it is another point's mark", async () => {
    const marks = (pointId: string): string => join(root, "points", pointId, "marks");
    await mkdir(marks("one"));
    await copyFile(join(marks("two"), "00000001"), join(marks("one"), "00000001"));
    await using reader = await read();
    const catalog = await Catalog.load(reader);
    expect([...catalog.unreadable.keys()]).toEqual(["one"]);
  });

  it("brings no former password back when it is a former list of keys under a higher number", async () => {
    const encrypted = join(folder.path, "e");
    await createEncrypted(encrypted);
    const former = { kind: "password", password: testPassword } as const;
    const { N, r, p } = { N: 2 ** 14, r: 8, p: 1 };
    await changeKeys(encrypted, { proof: former, clock: systemClock }, (what, list) =>
      withPassword(what, list, { password: "another password", random: systemRandom, costs: { N, r, p } }),
    );
    await copyFile(join(encrypted, "keys", "00000001"), join(encrypted, "keys", "00000009"));
    const opened = openRepositoryReader(encrypted, { threads: inlineThreads, proof: former });
    expect(await codeOf(opened.then((reader) => reader[Symbol.asyncDispose]()))).toBe("KEY_WRONG");
  });
});
