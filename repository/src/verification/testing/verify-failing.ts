import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { recordHeaderSize } from "@holdfast/shared/format/record-header";
import { optionsOf } from "../../collection/testing/garbage.ts";
import type { ObjectStore } from "../../store/object-store.ts";
import { ownRepository } from "../../store/open-repository-store.ts";
import type { RepositoryStore } from "../../store/repository-store.ts";
import { commitSample, sampleAttempt } from "../../store/testing/sample-repository.ts";
import type { StoreVerb } from "../../store/wrappers/store-call.ts";
import { type Fault, faultyStore } from "../../store/wrappers/testing/faulty-store.ts";
import { damagedSeeds, idOfSeed } from "./damaged.ts";
import { expectAllFound } from "./expect-verifiable.ts";
import { openVerifying } from "./verifying.ts";

/** Verbs by which a quarantine and what follows it are written. */
const writing: ReadonlySet<StoreVerb> = new Set(["putIfAbsent", "stage", "write", "publish"]);

/** Which write of a verification fails, and how. */
export interface FailingWrite {
  readonly failing: number;
  readonly fault: Fault;
}

/**
 * One verification of a new repository with damaged chunks, of which one write fails; then the same server verifies again, and must
 * have found everything. Answers how many writes the first was, and the code of its failure.
 */
export const verifyFailing = async (
  given: ObjectStore,
  folder: string,
  { failing, fault }: FailingWrite,
): Promise<{ readonly writes: number; readonly code: string | undefined }> => {
  let isOn = false;
  let writes = 0;
  const objects = faultyStore(given, {
    decide: ({ verb }) => {
      if (!isOn || !writing.has(verb)) return undefined;
      writes += 1;
      return writes === failing ? fault : undefined;
    },
  });
  await using store = await ownRepository(objects, optionsOf(folder));
  await commitSample(store, { attempt: sampleAttempt("whole"), seeds: [4, 1, 5] });
  await commitSample(store, { attempt: sampleAttempt("hurt"), seeds: [1, ...damagedSeeds] });
  await damageChunks(store, objects);
  const verifying = await openVerifying(store);
  isOn = true;
  const code = await verifying.readAll().then(() => undefined, codeOf);
  isOn = false;
  await verifying.readAll();
  await expectAllFound(store, verifying);
  return { writes, code };
};

/** Flips a bit of each damaged chunk's record, behind the back of the repository. */
const damageChunks = async (store: RepositoryStore, objects: ObjectStore): Promise<void> => {
  for (const place of await store.locate("chunk", Buffer.concat(damagedSeeds.map(idOfSeed)))) {
    if (!place) throw new Error("a chunk that was just stored is absent");
    const bytes = Buffer.from(await objects.get(place.pack));
    const at = place.offset + recordHeaderSize + 100;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    await objects.remove(place.pack);
    await objects.putIfAbsent(place.pack, bytes);
  }
};

const codeOf = (caught: unknown): string => {
  if (caught instanceof HoldfastError) return caught.code;
  throw caught;
};
