import { equalBytes, idAt } from "@holdfast/shared/format/content-id";
import { placeOfChunk } from "@holdfast/shared/format/page-tree";
import type { RandomBytes } from "@holdfast/shared/ids/ids";
import type { LeafSource } from "@holdfast/shared/reading/leaf-source";
import type { ChunkMap } from "./chunk-map.ts";
import type { DiskTally } from "./disk-tally.ts";
import type { DiskLanes } from "./disk-lanes.ts";
import { pickSample } from "./pick-sample.ts";

/** What a sample is taken from and compared with. */
export interface SampleParts {
  readonly map: ChunkMap;
  readonly base: LeafSource;
  readonly lanes: Pick<DiskLanes, "submit">;
  readonly tally: DiskTally;
  readonly random: RandomBytes;
}

/**
 * Reads up to `count` chunks that the engine says are unchanged and compares them with the base: the first position that
 * differs, or undefined when tracking told the truth about all of them.
 */
export const checkSample = async (
  parts: SampleParts,
  count: number,
  signal: AbortSignal,
): Promise<number | undefined> => {
  const { map, base, lanes, tally, random } = parts;
  const checks: Promise<number | undefined>[] = [];
  for (const position of pickSample(map, count, random)) {
    const { leaf, slot } = placeOfChunk(position);
    const expected = Uint8Array.from(idAt((await base.at(leaf, signal)).chunkIds, slot));
    const { answer } = await lanes.submit({ kind: "identify", first: position, count: 1 }, signal);
    const check = answer.then(({ ids }) => {
      tally.addSampled(1);
      return equalBytes(ids, expected) ? undefined : position;
    });
    check.catch(() => undefined);
    checks.push(check);
  }
  const found = await Promise.all(checks);
  return found.find((position) => position !== undefined);
};
