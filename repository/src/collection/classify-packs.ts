import type { RecordKind } from "@holdfast/shared/format/record-header";
import { packFooterSize } from "../store/pack-contents.ts";
import { packHeaderSize } from "../store/pack-header.ts";
import { packName, type PackKey } from "../store/object-names.ts";
import type { LiveInPack } from "./live-bits.ts";

/** A pack that a collection may condemn, and what is live in it. */
export interface WeighedPack {
  readonly key: PackKey;
  readonly kind: RecordKind;
  readonly sizeBytes: number;
  readonly records: number;
  readonly live: LiveInPack;
}

/** What a collection means to do; bytes are those of whole packs, live ones with the ends of the packs that hold them. */
export interface CollectionPlan {
  readonly points: readonly string[];
  /** Nothing in them is live. */
  readonly dead: readonly WeighedPack[];
  /** What is live in them is copied before they go; the worst first. */
  readonly wasteful: readonly WeighedPack[];
  readonly kept: readonly WeighedPack[];
  readonly storedBytes: number;
  readonly liveBytes: number;
}

/** Stored ÷ live bytes that a collection leaves at most (G4). */
export const wasteTarget = 1.2;

const endsBytes = packHeaderSize + packFooterSize;

/** Live bytes of a pack, its header and footer with them; 0 when nothing in it is live. */
export const liveBytesOf = ({ live }: WeighedPack): number => (live.records === 0 ? 0 : live.bytes + endsBytes);

const wasteOf = (pack: WeighedPack): number => pack.sizeBytes - liveBytesOf(pack);

const wasteShareOf = (pack: WeighedPack): number => wasteOf(pack) / pack.sizeBytes;

/** Divides packs into dead, wasteful and kept (G4). Pure: the same packs give the same plan. */
export const classifyPacks = (
  points: readonly string[],
  packs: readonly WeighedPack[],
  target = wasteTarget,
): CollectionPlan => {
  const dead = packs.filter(({ live }) => live.records === 0);
  const living = packs
    .filter(({ live }) => live.records > 0)
    .toSorted(
      (a, b) => wasteShareOf(b) - wasteShareOf(a) || a.key.epoch - b.key.epoch || a.key.sequence - b.key.sequence,
    );
  const liveBytes = sum(living, liveBytesOf);
  let storedBytes = sum(living, ({ sizeBytes }) => sizeBytes);
  let count = 0;
  for (const pack of living) {
    if (storedBytes <= liveBytes * target) break;
    storedBytes -= wasteOf(pack);
    count += 1;
  }
  return {
    points,
    dead,
    wasteful: living.slice(0, count),
    kept: living.slice(count),
    storedBytes: sum(packs, ({ sizeBytes }) => sizeBytes),
    liveBytes,
  };
};

const sum = <Item>(items: readonly Item[], value: (item: Item) => number): number =>
  items.reduce((total, item) => total + value(item), 0);

/** The plan in words, a line for each point and pack that goes; the same plan gives the same text. */
export const printPlan = ({ points, dead, wasteful, kept, storedBytes, liveBytes }: CollectionPlan): string =>
  [
    ...points.map((pointId) => `remove point ${pointId}`),
    ...dead.map(
      ({ key, kind, sizeBytes, records }) =>
        `remove ${packName(key)} ${kind} ${sizeBytes} bytes, ${records} dead records`,
    ),
    ...wasteful.map(
      ({ key, kind, sizeBytes, records, live }) =>
        `compact ${packName(key)} ${kind} ${sizeBytes} bytes, ${live.records} of ${records} records live, ${live.bytes} bytes`,
    ),
    `keep ${kept.length} packs; ${storedBytes} bytes stored, ${liveBytes} live`,
  ].join("\n");
