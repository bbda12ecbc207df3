import { join } from "node:path";
import { expect, test } from "vitest";
import { openRepositoryStore } from "../store/open-repository-store.ts";
import { temporaryFolder } from "../store/testing/sample-repository.ts";
import { openCollecting } from "./testing/collecting.ts";
import { expectWhole, makeGarbage, optionsOf } from "./testing/garbage.ts";

test("a collection under which the index is made anew condemns nothing more, and the next one does", async () => {
  await using folder = await temporaryFolder();
  await makeGarbage(folder.path);
  await using store = await openRepositoryStore(join(folder.path, "r"), optionsOf(folder.path));
  const { collector, collect } = await openCollecting(store);
  let rebuilding: Promise<void> | undefined;
  const collecting = collector.collect({
    dryRun: false,
    onProgress: () => {
      rebuilding ??= store.rebuildIndex();
    },
    signal: new AbortController().signal,
  });
  await expect(collecting).rejects.toMatchObject({ code: "REPOSITORY_BUSY" });
  await rebuilding;
  expect(await expectWhole(store)).toContain("kept");
  expect(await collect()).toMatchObject({ pointsRemoved: 1, packsSpared: 0 });
  expect(await expectWhole(store)).toEqual(["kept"]);
});
