import { join } from "node:path";
import { expect, test } from "vitest";
import { hasCode } from "@holdfast/shared/errors/holdfast-error";
import { decodeManifest, encodeManifest } from "@holdfast/shared/format/manifest";
import { DirectoryObjectStore } from "./directory-object-store.ts";
import type { ObjectStore } from "./object-store.ts";
import { ownRepository } from "./open-repository-store.ts";
import type { RepositoryStore } from "./repository-store.ts";
import { inlineThreads } from "./testing/inline-threads.ts";
import {
  commitSample,
  createSample,
  sampleAttempt,
  sampleOptions,
  sendSample,
  temporaryFolder,
} from "./testing/sample-repository.ts";

/** A step of a store that a test may hold up: the verb and the names it is about to be used on. */
type BeforeStep = (verb: "putIfAbsent" | "confirm", names: readonly string[]) => Promise<void>;

/** The objects of a directory, each step of which a test may hold up before it is taken. */
class HeldObjects extends DirectoryObjectStore {
  readonly #before: BeforeStep;

  constructor(root: string, before: BeforeStep) {
    super(root);
    this.#before = before;
  }

  override async putIfAbsent(...args: Parameters<ObjectStore["putIfAbsent"]>): ReturnType<ObjectStore["putIfAbsent"]> {
    await this.#before("putIfAbsent", [args[0]]);
    return await super.putIfAbsent(...args);
  }

  override async confirm(...args: Parameters<ObjectStore["confirm"]>): Promise<void> {
    await this.#before("confirm", args[0]);
    await super.confirm(...args);
  }
}

const own = async (folder: string, name: string, before: BeforeStep): Promise<RepositoryStore> =>
  await ownRepository(new HeldObjects(join(folder, "r"), before), {
    ...sampleOptions(join(folder, name)),
    threads: inlineThreads,
  });

test("R13: a fence that a later owner answers beats a commit that a former one has all but made", async () => {
  await using folder = await temporaryFolder();
  await createSample(join(folder.path, "r"));
  const landing = Promise.withResolvers<void>();
  const fencing = Promise.withResolvers<void>();
  const deciding = Promise.withResolvers<void>();
  const fenced = Promise.withResolvers<void>();
  const attempt = sampleAttempt("a", 1);

  await using former = await own(folder.path, "index1", async (verb, names) => {
    // Its point lands only when the later owner has looked for one, and it decides only when the fence was answered.
    if (verb === "putIfAbsent" && names[0]?.endsWith(".point")) {
      landing.resolve();
      await fencing.promise;
    }
    if (verb !== "confirm" || !names.some((name) => name.endsWith(".point"))) return;
    deciding.resolve();
    await fenced.promise;
  });
  await former.openAttempt(attempt);
  const { packs } = await sendSample(former, { attempt, seeds: [1] });
  await former.settle(packs);
  const committing = commitSample(former, { attempt, seeds: [1] });
  committing.catch(() => undefined);
  await landing.promise;
  await using later = await own(folder.path, "index2", async (verb, names) => {
    if (verb !== "putIfAbsent" || !names[0]?.endsWith(".fenced")) return;
    fencing.resolve();
    await deciding.promise;
  });

  expect(await later.fence(attempt)).toBeUndefined();
  fenced.resolve();
  expect(hasCode(await committing.catch((caught: unknown) => caught), "REPOSITORY_NOT_OWNED")).toBe(true);
  expect(await later.readPoint("a")).toBeUndefined();
  expect(await later.listPoints()).toEqual([]);
});

test("R5: an attempt that was never opened commits nothing", async () => {
  await using folder = await temporaryFolder();
  await createSample(join(folder.path, "r"));
  await using store = await own(folder.path, "index", () => Promise.resolve());
  const point = await commitSample(store, { attempt: sampleAttempt("a", 1), seeds: [1] });
  const other = { ...point.manifest.clear.attempt, taskId: "b" };
  const clear = { ...point.manifest.clear, attempt: other };
  const unopened = store.commitPoint(
    other,
    encodeManifest({ ...decodeManifest(point.manifestBytes), clear }),
    point.commit.counted,
  );
  expect(hasCode(await unopened.catch((caught: unknown) => caught), "ATTEMPT_UNKNOWN")).toBe(true);
  expect(await store.listPoints()).toEqual(["a"]);
});
