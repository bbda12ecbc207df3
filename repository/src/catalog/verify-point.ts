import { idAt, idCount, isZeroId } from "@holdfast/shared/format/content-id";
import { leafCapacity } from "@holdfast/shared/format/page";
import { pageLength } from "@holdfast/shared/format/page-tree";
import { mapBounded } from "@holdfast/shared/lifecycle/bounded";
import type { DamageCode } from "../readings/disk-content.ts";
import type { MarkedDamage } from "../store/mark.ts";
import type { RepositoryReader } from "../store/repository-store.ts";
import { codeOfVerdict, judgeAt, type RecordVerdict } from "../verification/judge-record.ts";
import type { CatalogDisk, CatalogPoint } from "./catalog-point.ts";
import { RangeCollector } from "./disk-range.ts";
import { eachLeaf } from "./leaves.ts";

/** How far a verification is; chunk positions that are not zero count. */
export interface VerifyProgress {
  /** 0 until the point's pages were counted. */
  readonly chunksTotal: number;
  readonly chunksVerified: number;
  readonly damaged: readonly MarkedDamage[];
  /** Records that are wrong or gone, and lie where nobody should look for them any more. */
  readonly failed: readonly FailedVerdict[];
}

type FailedVerdict = Exclude<RecordVerdict, { readonly verdict: "sound" }>;

/** Chunks that are read and hashed at once. */
const chunksAtOnce = 4;

/** Counts the chunk positions of a point that are not zero. */
export const countChunks = async (reader: RepositoryReader, point: CatalogPoint): Promise<number> => {
  let total = 0;
  for (const { tree } of point.disks) {
    if (!tree) continue;
    for await (const found of eachLeaf(tree, reader)) {
      if ("damage" in found) total += pageLength(tree.shape, 0, found.leaf);
      else if (found.chunkIds) total += nonZeroSlots(found.chunkIds).length;
    }
  }
  return total;
};

/** Reads every chunk of a point back and compares it with its id (K5); tells its progress after every leaf. */
export async function* verifyPoint(
  reader: RepositoryReader,
  point: CatalogPoint,
  signal: AbortSignal,
  codeOf: KnownCode = () => undefined,
): AsyncGenerator<VerifyProgress> {
  const chunksTotal = await countChunks(reader, point);
  const damaged = new RangeCollector<{ readonly code: DamageCode }>((a, b) => a.code === b.code);
  const failed: FailedVerdict[] = [];
  let chunksVerified = 0;
  const progress = (): VerifyProgress => ({ chunksTotal, chunksVerified, damaged: damaged.ranges, failed });
  for (const disk of point.disks) {
    for await (const leaf of verifyLeaves({ reader, signal, codeOf }, disk)) {
      for (const { position, code } of leaf.damage) damaged.add(disk.diskId, position, { code });
      failed.push(...leaf.damage.flatMap(({ verdict }) => verdict ?? []));
      chunksVerified += leaf.chunks;
      yield progress();
    }
  }
  yield progress();
}

interface VerifiedLeaf {
  readonly chunks: number;
  readonly damage: readonly {
    readonly position: number;
    readonly code: DamageCode;
    readonly verdict?: FailedVerdict;
  }[];
}

/** What is known to be wrong with a chunk that is absent. */
type KnownCode = (id: Uint8Array) => DamageCode | undefined;

interface Verifying {
  readonly reader: RepositoryReader;
  readonly signal: AbortSignal;
  readonly codeOf: KnownCode;
}

async function* verifyLeaves(
  { reader, signal, codeOf }: Verifying,
  { tree }: CatalogDisk,
): AsyncGenerator<VerifiedLeaf> {
  if (!tree) return;
  for await (const found of eachLeaf(tree, reader)) {
    const first = found.leaf * leafCapacity;
    if ("damage" in found) {
      const chunks = pageLength(tree.shape, 0, found.leaf);
      const { damage: code } = found;
      yield { chunks, damage: Array.from({ length: chunks }, (_, slot) => ({ position: first + slot, code })) };
      continue;
    }
    const { chunkIds } = found;
    if (!chunkIds) continue;
    const slots = nonZeroSlots(chunkIds);
    const judge = (slot: number): Promise<RecordVerdict> => judgeChunk(reader, idAt(chunkIds, slot));
    const verdicts = await mapBounded(slots, chunksAtOnce, judge, signal);
    const damage = slots.flatMap((slot, index) => {
      const verdict = verdicts[index];
      if (!verdict || verdict.verdict === "sound") return [];
      const code = codeOf(idAt(chunkIds, slot)) ?? codeOfVerdict(verdict.verdict);
      return [{ position: first + slot, code, verdict }];
    });
    yield { chunks: slots.length, damage };
  }
}

const judgeChunk = async (reader: RepositoryReader, id: Uint8Array): Promise<RecordVerdict> => {
  const [location] = await reader.locate("chunk", id);
  return location ? await judgeAt(reader, location) : { verdict: "missing", at: undefined };
};

const nonZeroSlots = (ids: Uint8Array): number[] =>
  Array.from({ length: idCount(ids) }, (_, slot) => slot).filter((slot) => !isZeroId(idAt(ids, slot)));
