import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { Catalog } from "../../catalog/catalog.ts";
import { verifyPoint, type VerifyProgress } from "../../catalog/verify-point.ts";
import { openRepositoryReader, openRepositoryStore } from "../../store/open-repository-store.ts";
import { inlineThreads } from "../../store/testing/inline-threads.ts";
import { fixedClock } from "./fixed.ts";
import type { RepositoryStore } from "../../store/repository-store.ts";
import { sampleOptions } from "../../store/testing/sample-repository.ts";

/** What a reader and then an owner say of a copy of a golden repository; only what is wrong is there. */
export interface GoldenFindings {
  /** Why it cannot be opened to read. */
  readonly reading?: string;
  /** Why points cannot be listed, by point. */
  readonly unreadable?: Readonly<Record<string, string>>;
  /** Of each point that is not whole: disk, position, code. */
  readonly hurt?: Readonly<Record<string, readonly string[]>>;
  readonly damagedPacks?: readonly string[];
  /** Why it cannot be owned. */
  readonly owning?: string;
  /** Why nothing is deleted. */
  readonly deletion?: string;
  /** Why attempts cannot be opened, by task. */
  readonly attempts?: Readonly<Record<string, string>>;
}

/** Points of the good repository whose tasks an owner is asked about. */
const tasks = ["a1", "b1", "removed", "orphan"];

const told = (caught: unknown): string => {
  const { code, message } = HoldfastError.from(caught);
  return `${code}: ${message}`;
};

/** Reads, lists and verifies; then owns it, which writes to it, and opens attempts. */
export const examineGolden = async (root: string, indexPath: string): Promise<GoldenFindings> => ({
  ...(await findAsReader(root)),
  ...(await findAsOwner(root, indexPath)),
});

const findAsReader = async (root: string): Promise<GoldenFindings> => {
  try {
    await using reader = await openRepositoryReader(root, { threads: inlineThreads });
    const catalog = await Catalog.load(reader);
    const hurt: Record<string, string[]> = {};
    for (const point of catalog.list()) {
      let last: VerifyProgress | undefined;
      for await (const progress of verifyPoint(reader, point, new AbortController().signal)) last = progress;
      const damaged = last?.damaged ?? [];
      if (damaged.length > 0)
        hurt[point.pointId] = damaged.map(({ diskId, firstPosition, count, code }) =>
          [diskId, firstPosition, count, code].join(" "),
        );
    }
    const unreadable = Object.fromEntries([...catalog.unreadable].map(([pointId, error]) => [pointId, told(error)]));
    return {
      ...(Object.keys(unreadable).length > 0 && { unreadable }),
      ...(Object.keys(hurt).length > 0 && { hurt }),
      ...(reader.damagedPacks.length > 0 && { damagedPacks: reader.damagedPacks }),
    };
  } catch (caught) {
    return { reading: told(caught) };
  }
};

/** Owns a copy, hours after it was made. */
export const ownGolden = async (root: string, indexPath: string): Promise<RepositoryStore> =>
  await openRepositoryStore(root, { ...sampleOptions(indexPath), clock: fixedClock(), threads: inlineThreads });

const findAsOwner = async (root: string, indexPath: string): Promise<GoldenFindings> => {
  try {
    await using store = await ownGolden(root, indexPath);
    const deletion = store.guardedClock.deletionAllowed();
    const attempts = await refusedAttempts(store);
    return {
      ...(!deletion.allowed && { deletion: deletion.why }),
      ...(Object.keys(attempts).length > 0 && { attempts }),
    };
  } catch (caught) {
    return { owning: told(caught) };
  }
};

const refusedAttempts = async (store: RepositoryStore): Promise<Record<string, string>> => {
  const refused: Record<string, string> = {};
  for (const taskId of tasks) {
    try {
      await store.openAttempt({ taskId, number: 900, attemptId: "later" });
    } catch (caught) {
      refused[taskId] = told(caught);
    }
  }
  return refused;
};
