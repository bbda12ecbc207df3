import { rm } from "node:fs/promises";
import { join } from "node:path";
import Database from "better-sqlite3";
import { InlineThread } from "@holdfast/shared/threads/inline-thread";
import { expect, test } from "vitest";
import { openRepositoryReader, openRepositoryStore } from "../store/open-repository-store.ts";
import type { StoreThreads } from "../store/store-threads.ts";
import { inlineThreads } from "../store/testing/inline-threads.ts";
import {
  commitSample,
  createSample,
  sampleAttempt,
  sampleOptions,
  temporaryFolder,
} from "../store/testing/sample-repository.ts";
import type { IndexCalls } from "./index-calls.ts";
import { createIndexService } from "./index-service.ts";

const rowsOf = (path: string): readonly unknown[] => {
  const connection = new Database(path, { readonly: true });
  try {
    return ["chunks", "pages"].map((table) =>
      connection
        .prepare(`SELECT hex(id) AS id, epoch, sequence, offset, plain, stored, slot, complete
          FROM ${table} JOIN packs ON packs.number = pack ORDER BY id`)
        .all(),
    );
  } finally {
    connection.close();
  }
};

test("an index of many packs is made anew in key order as it grew pack by pack, also after it was cut off", async () => {
  await using folder = await temporaryFolder();
  const [repository, grown, made] = ["r", "grown", "made"].map((name) => join(folder.path, name)) as [
    string,
    string,
    string,
  ];
  await createSample(repository);
  {
    await using store = await openRepositoryStore(repository, { ...sampleOptions(grown), threads: inlineThreads });
    for (let task = 1; task <= 35; task += 1)
      await commitSample(store, { attempt: sampleAttempt(`t${task}`), seeds: [task] });
    expect((await store.counts()).packs).toBe(70);
  }
  const threads = inlineThreads;
  const stopping: StoreThreads = {
    ...threads,
    index: () => {
      const { calls, ...service } = createIndexService();
      let parts = 0;
      const loadNext = (): boolean => {
        parts += 1;
        if (parts === 20) throw new Error("cut off");
        return calls.loadNext(undefined);
      };
      return new InlineThread<IndexCalls>({ ...calls, loadNext }, () => {
        service[Symbol.dispose]();
      });
    },
  };
  await expect(openRepositoryReader(repository, { indexPath: made, threads: stopping })).rejects.toThrow("cut off");
  for (const turn of ["after the cut", "from nothing"]) {
    if (turn === "from nothing") await rm(made);
    await using reader = await openRepositoryReader(repository, { indexPath: made, threads });
    expect(await reader.counts()).toMatchObject({ packs: 70, chunks: 35, pages: 35 });
    expect(await reader.listPoints()).toHaveLength(35);
  }
  expect(rowsOf(made)).toEqual(rowsOf(grown));
});
