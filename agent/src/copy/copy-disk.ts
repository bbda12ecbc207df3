import type { BaseDisk } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { isZero } from "@holdfast/shared/format/chunk-id";
import { type ChunkSize, chunkCountOf } from "@holdfast/shared/format/chunk-size";
import { idCount, idSize, toHex, zeroId } from "@holdfast/shared/format/content-id";
import type { ClearDisk, Statistics } from "@holdfast/shared/format/manifest-schema";
import type { Reading } from "@holdfast/shared/reading/open-reading";
import { toDiskProgress } from "../backup/disk-progress.ts";
import { countIds, DiskTally, noCounts } from "../backup/disk-tally.ts";
import type { PageSender } from "../backup/page-sender.ts";
import type { LanePool } from "../lanes/lane-pool.ts";
import { lanesFor } from "../lanes/lane-room.ts";
import { LeafSource } from "@holdfast/shared/reading/leaf-source";
import { checkedLeaves } from "@holdfast/shared/reading/checked-leaves";
import type { RepositoryCalls } from "../repository/repository-access.ts";
import { CopiedLeaves } from "./copied-leaves.ts";
import type { CopyLaneAnswer, CopyLaneRequest } from "./copy-messages.ts";
import type { CopyTask } from "./copy-task.ts";

/** What all disks of one copy share. */
export interface CopyParts {
  readonly task: CopyTask;
  readonly reading: Reading;
  readonly source: RepositoryCalls;
  readonly pool: LanePool<CopyLaneRequest, CopyLaneAnswer>;
  readonly pages: PageSender;
  readonly chunkSize: ChunkSize;
  /** Id keys of source and target, where they are encrypted. */
  readonly sourceIdKey: Uint8Array | undefined;
  readonly idKey: Uint8Array | undefined;
  /** Bytes of one request to a lane: a multiple of both chunk sizes, and a part of a leaf of either. */
  readonly runBytes: number;
}

/** Copies one disk of a point, leaf by leaf of the source, and builds its tree at the target. */
export class CopyDisk {
  readonly #parts: CopyParts;
  readonly #disk: BaseDisk;
  readonly #clear: ClearDisk;
  readonly #chunks: number;
  readonly #tally: DiskTally;
  #counts = noCounts;
  #root: Uint8Array = zeroId;

  constructor(parts: CopyParts, disk: BaseDisk, clear: ClearDisk) {
    this.#parts = parts;
    this.#disk = disk;
    this.#clear = clear;
    this.#chunks = chunkCountOf(Number(disk.sizeBytes), parts.chunkSize);
    this.#tally = new DiskTally(this.#chunks, parts.chunkSize);
    const { diskId, mode, reason } = clear;
    parts.task.board.show(diskId, () =>
      toDiskProgress({ diskId, mode, reason, route: "", routeReason: "" }, this.account()),
    );
  }

  get diskId(): string {
    return this.#disk.diskId;
  }

  /** The disk as the copy states it. */
  stated(): ClearDisk {
    return { ...this.#clear, root: toHex(this.#root) };
  }

  account(): Statistics {
    return this.#tally.account();
  }

  /** Copies what the target lacks; done again, it copies what it lacks by then. */
  async run(signal: AbortSignal): Promise<void> {
    const { reading, source, pages, idKey, sourceIdKey } = this.#parts;
    this.#tally.takeBack(this.#counts);
    this.#counts = noCounts;
    await this.#prepareLanes(signal);
    const leaves = new LeafSource(source, { case: "readingId", value: reading.readingId }, this.diskId);
    const copied = new CopiedLeaves(this.#chunks, pages, idKey);
    for await (const { first, ids } of checkedLeaves(leaves, this.#disk, { reading, idKey: sourceIdKey, signal })) {
      for (const run of this.#runsOf(first, ids)) {
        const named = await this.#begin(run, signal);
        await copied.add({ ...this.#atTarget(run), ids: named.ids }, signal);
      }
    }
    this.#root = await copied.close(signal);
  }

  async #prepareLanes(signal: AbortSignal): Promise<void> {
    const { task, pool, runBytes } = this.#parts;
    const requests = Math.ceil(Number(this.#disk.sizeBytes) / runBytes);
    const demand = { asked: task.orders.lanes, connections: task.room.lanes, requests };
    await pool.prepare({ kind: "start" }, lanesFor(task.room, demand), signal);
  }

  *#runsOf(first: number, ids: Uint8Array): Generator<SourceRun> {
    const count = this.#parts.runBytes / this.#parts.reading.chunkSize;
    for (let from = 0; from < idCount(ids); from += count)
      yield { first: first + from, ids: ids.slice(from * idSize, (from + count) * idSize) };
  }

  /** Resolves when a lane took the run; `ids` settle when the target has all of it. Runs of zeros need no lane. */
  async #begin(run: SourceRun, signal: AbortSignal): Promise<{ readonly ids: Promise<Uint8Array> }> {
    const { pool } = this.#parts;
    if (isZero(run.ids)) {
      const ids = new Uint8Array(this.#atTarget(run).count * idSize);
      this.#count(ids);
      return { ids: Promise.resolve(ids) };
    }
    const { diskId } = this;
    const request = { kind: "copy", diskId, sizeBytes: Number(this.#disk.sizeBytes), ...run } as const;
    const { answer } = await pool.submit(request, signal);
    const ids = this.#take(answer);
    ids.catch(() => undefined);
    return { ids };
  }

  async #take(answer: Promise<CopyLaneAnswer>): Promise<Uint8Array> {
    const { ids, readBytes, stored, packedBytes } = await answer;
    this.#tally.addRead(readBytes / this.#parts.chunkSize);
    this.#tally.addStored(stored, packedBytes);
    this.#count(ids);
    return ids;
  }

  #count(ids: Uint8Array): void {
    const { zero, fresh } = countIds(ids, new Uint8Array(ids.byteLength));
    this.#counts = { zero: this.#counts.zero + zero, unchanged: 0, fresh: this.#counts.fresh + fresh };
    this.#tally.add({ zero, unchanged: 0, fresh });
  }

  #atTarget({ first, ids }: SourceRun): { readonly first: number; readonly count: number } {
    const { chunkSize, reading } = this.#parts;
    const start = first * reading.chunkSize;
    const bytes = Math.min(idCount(ids) * reading.chunkSize, Number(this.#disk.sizeBytes) - start);
    return { first: start / chunkSize, count: Math.ceil(bytes / chunkSize) };
  }
}

interface SourceRun {
  readonly first: number;
  readonly ids: Uint8Array;
}
