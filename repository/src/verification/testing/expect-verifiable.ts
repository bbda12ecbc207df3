import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { toHex } from "@holdfast/shared/format/content-id";
import { expect } from "vitest";
import { optionsOf } from "../../collection/testing/garbage.ts";
import { DirectoryObjectStore } from "../../store/directory-object-store.ts";
import { packName, packText, quarantineFolder } from "../../store/object-names.ts";
import { openRepositoryStore } from "../../store/open-repository-store.ts";
import { quarantinedKind } from "../../store/quarantine.ts";
import type { RepositoryStore } from "../../store/repository-store.ts";
import { decodeSmallObject } from "../../store/small-object.ts";
import { commitSample, sampleAttempt } from "../../store/testing/sample-repository.ts";
import { damagedSeeds, hexOfSeed, idOfSeed, soundSeeds } from "./damaged.ts";
import { openVerifying, type Verifying } from "./verifying.ts";

/** What a verification that was cut off left. */
export interface CutOff {
  readonly folder: string;
  /** Name of the pack with the damaged records. */
  readonly damagedPack: string;
  /** Packs that it began to read, by number in 16 digits. */
  readonly opened: ReadonlySet<string>;
}

/** What must hold after any crash of a verification: nothing good is gone, nothing is half known, and the next one finds the rest. */
export const expectVerifiable = async (cut: CutOff): Promise<void> => {
  const { folder } = cut;
  await expectWholeQuarantine(folder);
  {
    await using store = await openRepositoryStore(join(folder, "r"), optionsOf(folder));
    const quarantined = await expectOneTruth(store);
    const verifying = await openVerifying(store);
    await expectHonestCoverage(cut, store, verifying, quarantined);
    await verifying.verification.markForgotten(new AbortController().signal);
    expect(hurtPoints(verifying)).toEqual(quarantined.length > 0 ? ["hurt"] : []);
    await verifying.readAll();
    await expectAllFound(store, verifying);
  }
  await using next = await openRepositoryStore(join(folder, "r"), optionsOf(folder));
  await expectAllFound(next, await openVerifying(next));
  await commitSample(next, { attempt: sampleAttempt("healer"), seeds: damagedSeeds });
  for (const seed of [...soundSeeds, ...damagedSeeds]) await next.verifyRecord("chunk", idOfSeed(seed));
  expect(await next.quarantinedIds()).toEqual([]);
  expect(await readdir(join(folder, "r", "tmp"))).toEqual([]);
};

/** Both records are found and nothing else, who uses them is marked and nobody else, and every pack counts as read. */
export const expectAllFound = async (store: RepositoryStore, verifying: Verifying): Promise<void> => {
  expect(await expectOneTruth(store)).toEqual(damagedSeeds.map(hexOfSeed).toSorted());
  expect(hurtPoints(verifying)).toEqual(["hurt"]);
  for (const pack of await store.packs.packs()) expect(verifying.packs.readMsOf(pack)).toBeDefined();
};

/** An object in quarantine is there whole, or not at all. */
const expectWholeQuarantine = async (folder: string): Promise<void> => {
  const objects = new DirectoryObjectStore(join(folder, "r"));
  for (const name of await Array.fromAsync(objects.list(quarantineFolder))) {
    const { value } = decodeSmallObject(quarantinedKind, await objects.get(name), {
      name,
      repositoryId: undefined,
      says: {},
    });
    expect(damagedSeeds.map(hexOfSeed)).toContain(value.id);
  }
};

/** What is in quarantine is absent, and all else is there, as it was; by the index, and by an index made anew. */
const expectOneTruth = async (store: RepositoryStore): Promise<readonly string[]> => {
  const seeds = [...soundSeeds, ...damagedSeeds];
  const look = async (): Promise<readonly string[]> => {
    const quarantined = (await store.quarantinedIds()).map(({ id }) => toHex(id)).toSorted();
    const found = await store.locate("chunk", Buffer.concat(seeds.map(idOfSeed)));
    const absent = seeds.filter((_, index) => !found[index]).map(hexOfSeed);
    expect(absent.toSorted()).toEqual(quarantined);
    return quarantined;
  };
  for (const seed of soundSeeds) await store.verifyRecord("chunk", idOfSeed(seed));
  const quarantined = await look();
  await store.rebuildIndex();
  expect(await look()).toEqual(quarantined);
  return quarantined;
};

/** No pack counts as read that was not, nor one whose damage is not known and marked. */
const expectHonestCoverage = async (
  { damagedPack, opened }: CutOff,
  store: RepositoryStore,
  verifying: Verifying,
  quarantined: readonly string[],
): Promise<void> => {
  for (const pack of await store.packs.packs()) {
    if (verifying.packs.readMsOf(pack) === undefined) continue;
    expect([...opened]).toContain(packText(pack));
    if (packName(pack) !== damagedPack) continue;
    expect(quarantined).toHaveLength(damagedSeeds.length);
    expect(hurtPoints(verifying)).toEqual(["hurt"]);
  }
};

const hurtPoints = ({ catalog }: Verifying): readonly string[] =>
  catalog.list().flatMap(({ pointId, marked }) => ((marked.verified?.damaged.length ?? 0) > 0 ? [pointId] : []));
