import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { DirectoryObjectStore } from "../../store/directory-object-store.ts";
import { parsePackName } from "../../store/object-names.ts";
import { openRepositoryReader, openRepositoryStore } from "../../store/open-repository-store.ts";
import { inlineThreads } from "../../store/testing/inline-threads.ts";
import { openCollecting } from "./collecting.ts";
import { expectCollected, expectWhole, optionsOf } from "./garbage.ts";

/** What must hold after any crash: nobody is needed, what is kept is whole, and a collection brings everything to its end. */
export const expectRecovery = async (folder: string): Promise<void> => {
  {
    await using store = await openRepositoryStore(join(folder, "r"), optionsOf(folder));
    expect(await expectWhole(store)).toContain("kept");
    await (await openCollecting(store)).collect();
    expect(await expectWhole(store)).toEqual(["kept"]);
    await expectCollected(store);
    expect(await (await openCollecting(store)).collect()).toMatchObject({ packsRemoved: 0, packsCompacted: 0 });
  }
  // What packs alone tell is the same.
  await using reader = await openRepositoryReader(join(folder, "r"), { threads: inlineThreads });
  expect(await expectWhole(reader)).toEqual(["kept"]);
  const { packs } = await reader.counts();
  const objects = new DirectoryObjectStore(join(folder, "r"));
  expect((await Array.fromAsync(objects.list("packs"))).filter((name) => parsePackName(name))).toHaveLength(packs);
  expect(await readdir(join(folder, "r", "tmp"))).toEqual([]);
};
