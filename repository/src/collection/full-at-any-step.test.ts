import { systemClock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { systemRandom } from "@holdfast/shared/ids/ids";
import { expect, test } from "vitest";
import { inMemory } from "../index/index-database.ts";
import { createRepositoryOn, ownRepository } from "../store/open-repository-store.ts";
import type { RepositoryStore } from "../store/repository-store.ts";
import { MemoryObjectStore } from "../store/testing/memory-object-store.ts";
import { commitSample, sampleAttempt, testChunkSize } from "../store/testing/sample-repository.ts";
import type { StoreVerb } from "../store/wrappers/store-call.ts";
import { faultyStore } from "../store/wrappers/testing/faulty-store.ts";
import { markRemoved, openCollecting } from "./testing/collecting.ts";
import { expectCollected, expectWhole, optionsOf } from "./testing/garbage.ts";

/** Seconds on an idle machine; the deadline is for a crowded one. */
const deadlineMs = 90_000;

/** Calls that need room. */
const needsRoom: ReadonlySet<StoreVerb> = new Set(["putIfAbsent", "stage", "write", "publish"]);

/** A server whose storage is full at a call, and of which a test says when there is room again. */
interface FullServer extends AsyncDisposable {
  readonly store: RepositoryStore;
  readonly objects: MemoryObjectStore;
  /** Calls that needed room and found none. */
  readonly refused: number;
  makeRoom(): void;
}

/** From the call of that number on there is no room: for that call alone, or until room is made. */
const openFull = async (fullAt: number, lasts: boolean): Promise<FullServer> => {
  const objects = new MemoryObjectStore();
  const options = { chunkSize: testChunkSize, installationId: "test", clock: systemClock, random: systemRandom };
  await createRepositoryOn(objects, options);
  let calls = Number.NEGATIVE_INFINITY;
  let refused = 0;
  let isRoomy = false;
  const decide = ({ verb }: { readonly verb: StoreVerb }): "full" | undefined => {
    if (!needsRoom.has(verb)) return undefined;
    calls += 1;
    if (isRoomy || calls < fullAt || (calls > fullAt && !lasts)) return undefined;
    refused += 1;
    return "full";
  };
  const store = await ownRepository(faultyStore(objects, { decide }), { ...optionsOf(""), indexPath: inMemory });
  await commitSample(store, { attempt: sampleAttempt("before"), seeds: [1, 2, 4] });
  await commitSample(store, { attempt: sampleAttempt("kept"), seeds: [1, 5] });
  calls = 0;
  return {
    store,
    objects,
    get refused() {
      return refused;
    },
    makeRoom: () => {
      isRoomy = true;
    },
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
};

/** Does it, and when it fails, once more with room: only a full disk may be the reason, and what was there stays whole. */
const persist = async (
  server: FullServer,
  points: readonly string[],
  work: (attempt: number) => Promise<unknown>,
): Promise<void> => {
  try {
    await work(1);
  } catch (caught) {
    expect(caught).toMatchObject({ code: "REPOSITORY_FULL" });
    expect(caught).toBeInstanceOf(HoldfastError);
    expect(await expectWhole(server.store)).toEqual(expect.arrayContaining([...points]));
    server.makeRoom();
    await work(2);
  }
};

/** Everything that a server writes: a backup, its commit, a removal, a collection that deletes and compacts, a new index. */
const doAll = async (server: FullServer): Promise<void> => {
  const { store } = server;
  await persist(server, ["before", "kept"], (attempt) =>
    commitSample(store, { attempt: sampleAttempt("during", attempt), seeds: [2, 0, 3] }),
  );
  const collecting = await openCollecting(store);
  await persist(server, ["before", "during", "kept"], async () => {
    const { state } = await markRemoved(store, "before");
    collecting.catalog.setMarked("before", state);
  });
  await persist(server, ["during", "kept"], () => collecting.collect());
  // What was spared for lack of room goes now.
  server.makeRoom();
  await collecting.collect();
  await store.rebuildIndex();
};

for (const lasts of [false, true]) {
  test(
    `a disk that is full at any call of a backup, a removal or a collection, ${lasts ? "until there is room" : "once"}, fails that alone, by its code, and the same server goes on`,
    async () => {
      let fullAt = 1;
      for (let isHit = true; isHit; fullAt += 1) {
        await using server = await openFull(fullAt, lasts);
        await doAll(server);
        isHit = server.refused > 0;
        expect(await expectWhole(server.store)).toEqual(["during", "kept"]);
        await expectCollected(server.store);
        await using next = await ownRepository(server.objects, { ...optionsOf(""), indexPath: inMemory });
        expect(await expectWhole(next)).toEqual(["during", "kept"]);
        await expectCollected(next);
      }
      expect(fullAt).toBeGreaterThan(12);
    },
    deadlineMs,
  );
}
