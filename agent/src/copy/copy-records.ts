import { RecordKind } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { idAt, idCount, idSize, isZeroId, toHex } from "@holdfast/shared/format/content-id";
import type { EncodedRecord } from "@holdfast/shared/format/record";
import { encodeRecordHeader } from "@holdfast/shared/format/record-header";
import { findMissing } from "../repository/find-missing.ts";
import { sendRecords } from "../repository/send-records.ts";
import type { CopyLaneAnswer, CopyLaneStart, CopyRun } from "./copy-messages.ts";
import { readRun } from "../repository/read-run.ts";
import type { CopyCalls } from "./copy-calls.ts";

/** True when both repositories call the same bytes the same, and keep them alike: then a chunk is asked for before it is read. */
export const haveSameIds = ({ from, to }: Pick<CopyLaneStart, "from" | "to">): boolean =>
  from.chunkSize === to.chunkSize && from.keys === undefined && to.keys === undefined;

/** Copies the chunks of a run that the target lacks; they are read, checked and sent as they are stored. */
export const copyRecords = async (
  calls: CopyCalls,
  { from, to }: CopyLaneStart,
  run: CopyRun,
  signal: AbortSignal,
): Promise<CopyLaneAnswer> => {
  const places = distinctIn(run.ids);
  const question = {
    uploadId: to.uploadId,
    kind: RecordKind.CHUNK,
    ids: places.map((place) => idAt(run.ids, place)),
  };
  const { missing } = await findMissing(calls.target, question, signal);
  const records: EncodedRecord[] = [];
  for (const { place, count } of stretchesOf(missing.map((index) => places[index] ?? 0))) {
    const { diskId, first, ids } = partOf(run, place, count);
    for await (const chunk of readRun(calls.source, { ...from, diskId, first, ids }, signal)) {
      const { header, stored } = chunk.record;
      records.push({ header: encodeRecordHeader({ ...header, repositoryId: to.repositoryId }), stored });
    }
  }
  const readBytes = records.length * from.chunkSize;
  if (records.length === 0) return { ids: run.ids, readBytes, stored: 0, packedBytes: 0 };
  const { stored, packedBytes } = await sendRecords(calls.target, to.uploadId, records, signal);
  return { ids: run.ids, readBytes, stored, packedBytes };
};

/** Where each id that is not zero stands first, ascending. */
const distinctIn = (ids: Uint8Array): readonly number[] => {
  const places = new Map<string, number>();
  for (let place = 0; place < idCount(ids); place += 1) {
    const id = idAt(ids, place);
    if (!isZeroId(id) && !places.has(toHex(id))) places.set(toHex(id), place);
  }
  return [...places.values()];
};

interface Stretch {
  readonly place: number;
  readonly count: number;
}

/** Ascending places as stretches of neighbours. */
const stretchesOf = (places: readonly number[]): readonly Stretch[] => {
  const stretches: { place: number; count: number }[] = [];
  for (const place of places) {
    const last = stretches.at(-1);
    if (last !== undefined && last.place + last.count === place) last.count += 1;
    else stretches.push({ place, count: 1 });
  }
  return stretches;
};

const partOf = (run: CopyRun, place: number, count: number): CopyRun => ({
  ...run,
  first: run.first + place,
  ids: run.ids.subarray(place * idSize, (place + count) * idSize),
});
