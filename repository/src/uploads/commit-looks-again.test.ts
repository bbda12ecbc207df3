import { join } from "node:path";
import { systemClock } from "@holdfast/shared/clock/clock";
import { chunkIdOf } from "@holdfast/shared/format/chunk-id";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { systemRandom } from "@holdfast/shared/ids/ids";
import { memoryLogger } from "@holdfast/shared/logging/memory-logger";
import { expect, test } from "vitest";
import { Catalog } from "../catalog/catalog.ts";
import { openRepositoryStore } from "../store/open-repository-store.ts";
import type { RepositoryStore } from "../store/repository-store.ts";
import { inlineThreads } from "../store/testing/inline-threads.ts";
import {
  commitSample,
  createSample,
  sampleAttempt,
  sampleChunk,
  sampleOptions,
  temporaryFolder,
  testChunkSize,
} from "../store/testing/sample-repository.ts";
import { toRecordAt } from "../verification/judge-record.ts";
import { commitUpload } from "./commit-upload.ts";
import { Uploads } from "./uploads.ts";

/** The same store; after chunks were located for the first time, `then` happens before the answer is given. */
const afterFirstLook = (store: RepositoryStore, then: () => Promise<void>): RepositoryStore => {
  let looks = 0;
  return new Proxy(store, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      return async (...parameters: unknown[]): Promise<unknown> => {
        const answer: unknown = await Reflect.apply(value, target, parameters);
        const isLook = name === "locate" && parameters[0] === "chunk";
        if (isLook && looks === 0) {
          looks += 1;
          await then();
        }
        return answer;
      };
    },
  });
};

test("what becomes absent while a commit looks makes it look again", async () => {
  await using folder = await temporaryFolder();
  const directory = join(folder.path, "r");
  await createSample(directory);
  const options = { ...sampleOptions(join(folder.path, "index")), threads: inlineThreads };
  await using store = await openRepositoryStore(directory, options);
  const attempt = sampleAttempt("t");
  const { manifestBytes } = await commitSample(store, { attempt, seeds: [1, 2, 3] });

  const uploads = new Uploads({ clock: systemClock, random: systemRandom, log: memoryLogger(), silenceMs: 60_000 });
  const vm = { engineInstanceId: "engine", vmId: "vm" };
  const { absences } = store;
  const upload = uploads.open({ attempt, vm, keyId: "key", base: undefined, origin: undefined, heal: [], absences });
  const looking = afterFirstLook(store, async () => {
    const [location] = await store.locate("chunk", chunkIdOf(sampleChunk(2), testChunkSize));
    if (location) await store.quarantine([toRecordAt(location)]);
  });
  const catalog = await Catalog.load(store);
  const outcome = await commitUpload({ store: looking, catalog, uploads }, upload, manifestBytes);
  uploads.endAll(new HoldfastError("CANCELLED", "the test is over"));

  expect(outcome).toMatchObject({ kind: "heal", ranges: [{ diskId: "disk", firstPosition: 1, count: 1 }] });
});
