import type { BackupDisk } from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import type { BaseDisk, DiskRange } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { chunkCountOf } from "@holdfast/shared/format/chunk-size";
import { zeroId } from "@holdfast/shared/format/content-id";
import { leafCapacity } from "@holdfast/shared/format/page";
import { type DiskMode, diskModeSchema, noStatistics, type Statistics } from "@holdfast/shared/format/manifest-schema";
import { openDiskReader } from "../disks/disk-access.ts";
import type { OpenDisk } from "../disks/open-disk.ts";
import { lanesFor } from "../lanes/lane-room.ts";
import type { LeafSource } from "@holdfast/shared/reading/leaf-source";
import type { BackupTask } from "./backup-task.ts";
import type { DiskOutcome } from "./build-manifest.ts";
import { checkSample } from "./check-sample.ts";
import { ChunkMap } from "./chunk-map.ts";
import { DiskPass, type PassParts } from "./disk-pass.ts";
import { toDiskProgress } from "./disk-progress.ts";
import { DiskTally } from "./disk-tally.ts";
import { type ChunkRange, type MissedChanges, rangesText } from "./missed-changes.ts";
import { type FoundReason, missedReason } from "./found-reasons.ts";
import type { OpenedDisks } from "./opened-disks.ts";
import { type DiskPlan, planDisk, planInFull, type PlanRequest } from "./plan-disk.ts";
import type { Remark } from "./remark.ts";
import type { Upload } from "../repository/open-upload.ts";

/** What all disks of one upload share. */
export interface UploadParts extends Pick<PassParts, "pool" | "pages" | "runChunks" | "idKey"> {
  readonly task: BackupTask;
  readonly upload: Upload;
  readonly disks: OpenedDisks;
  readonly leavesOf: (diskId: string) => LeafSource;
}

const defaultSample = 32;
const lied = "tracking-lied" satisfies FoundReason;

/** The backup of one disk within one upload. */
export class DiskBackup {
  readonly #parts: UploadParts;
  readonly #disk: BackupDisk;
  readonly #base: BaseDisk | undefined;
  readonly #remarks: Remark[] = [];
  #mode: DiskMode;
  #reason: string;
  #sizeBytes: number;
  #root: Uint8Array = zeroId;
  #route = "";
  #tally: DiskTally | undefined;
  #map: ChunkMap | undefined;
  #pass: DiskPass | undefined;
  #missed: MissedChanges | undefined;

  constructor(parts: UploadParts, disk: BackupDisk) {
    this.#parts = parts;
    this.#disk = disk;
    this.#base = parts.upload.baseDisks.find(({ diskId }) => diskId === disk.diskId);
    this.#mode = diskModeSchema.parse(disk.mode);
    this.#reason = disk.reason;
    this.#sizeBytes = Number(disk.sizeBytes);
    parts.task.board.show(disk.diskId, () =>
      toDiskProgress(
        { diskId: disk.diskId, mode: this.#mode, reason: this.outcome().reason, route: this.#route },
        this.account(),
      ),
    );
  }

  get remarks(): readonly Remark[] {
    const ranges = this.#missedRanges();
    if (ranges.length === 0) return this.#remarks;
    const what = rangesText(ranges, this.#parts.upload.chunkSize);
    const message = `change tracking missed changes (${what}): the point is right, and no checkpoint is relied on any more`;
    return [...this.#remarks, { code: "TRACKING_MISSED_CHANGES", message, diskId: this.#disk.diskId }];
  }

  /** What was counted so far; nothing for a skipped disk, which has no content in the point. */
  account(): Statistics {
    return this.#tally?.account() ?? noStatistics;
  }

  outcome(): DiskOutcome {
    const reason = this.#missedRanges().length === 0 ? this.#reason : missedReason;
    return { disk: this.#disk, sizeBytes: this.#sizeBytes, root: this.#root, mode: this.#mode, reason };
  }

  /** Chunks that were read again because the repository had lost them, whatever else was to be read. */
  get healedChunks(): number {
    return this.#map?.count("heal") ?? 0;
  }

  /** Plans and reads the disk; when it resolves all its chunks and pages are accepted. */
  async run(signal: AbortSignal): Promise<void> {
    if (this.#mode === "skipped") return;
    const isLeftAlone = this.#isLeftAlone();
    this.#take(isLeftAlone ? this.#planNothing() : await this.#plan(signal));
    if (!isLeftAlone && (await this.#hasTrackingLied(signal))) this.#take(await this.#planComparison(signal));
    await this.#read((pass) => pass.leaves(), signal);
  }

  /** Reads ranges again whose chunks the repository lost, and makes anew what stands on them. */
  async heal(ranges: readonly DiskRange[], signal: AbortSignal): Promise<void> {
    const own = ranges.filter(({ diskId }) => diskId === this.#disk.diskId);
    if (own.length === 0) return;
    this.#markHealed(own);
    const leaves = leavesOf(own);
    await this.#read((pass) => pass.leaves().filter((leaf) => leaves.has(leaf)), signal);
  }

  /** Reads a sample of what should be unchanged; true, and a remark, when some of it changed all the same. */
  async #hasTrackingLied(signal: AbortSignal): Promise<boolean> {
    const map = this.#map;
    const tally = this.#tally;
    const isByChanges = this.#mode === "incremental" || this.#mode === "unchanged";
    if (!isByChanges || map === undefined || tally === undefined) return false;
    const { task, pool, leavesOf: leavesOfBase } = this.#parts;
    const base = leavesOfBase(this.#disk.diskId);
    const count = task.orders.sampleChunks === 0 ? defaultSample : task.orders.sampleChunks;
    const lie = await this.#withLanes(
      count,
      () => checkSample({ map, base, pool, tally, random: task.random }, count, signal),
      signal,
    );
    if (lie === undefined) return false;
    const message = `chunk ${lie} changed although the engine says it did not: the whole disk was read and compared`;
    this.#remarks.push({ code: "TRACKING_LIED", message, diskId: this.#disk.diskId });
    return true;
  }

  async #read(leaves: (pass: DiskPass) => readonly number[], signal: AbortSignal): Promise<void> {
    const pass = this.#pass;
    if (pass === undefined) return;
    const chunks = (this.#map?.count("read") ?? 0) + (this.#map?.count("heal") ?? 0);
    const run = (): Promise<void> => pass.run(leaves(pass), signal);
    await (chunks === 0 ? run() : this.#withLanes(chunks, run, signal));
    await this.#parts.disks.rest(this.#disk.diskId);
    this.#root = await pass.close(signal);
  }

  /** Opens the disk in as many lanes as `chunks` need, and closes it there afterwards. */
  async #withLanes<Result>(chunks: number, work: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
    const { task, pool, runChunks } = this.#parts;
    const { access, maxReaders: connections } = await this.#use(signal);
    const demand = { asked: task.orders.lanes, connections, requests: Math.ceil(chunks / runChunks) };
    await pool.prepare({ kind: "open-disk", access }, lanesFor(task.room, demand), signal);
    const result = await work();
    await pool.tellAll({ kind: "close-disk" }, signal);
    return result;
  }

  /** Follows a plan from here on. What was counted stays: `changed` is what the engine said first. */
  #take({ mode, reason, map, changedChunks, missed, remarks }: DiskPlan): void {
    const { upload, pool, pages, runChunks, idKey, leavesOf: leavesOfBase } = this.#parts;
    this.#mode = mode;
    this.#reason = reason;
    this.#remarks.push(...remarks);
    this.#map = map;
    this.#missed = missed;
    this.#markHealed(upload.heal.filter(({ diskId }) => diskId === this.#disk.diskId));
    if (mode === "incremental" && map.count("unchanged") === map.length) this.#mode = "unchanged";
    if (this.#tally === undefined) {
      this.#tally = new DiskTally(map.length, upload.chunkSize);
      this.#tally.setChanged(changedChunks);
    }
    const base = this.#base === undefined ? undefined : leavesOfBase(this.#disk.diskId);
    this.#pass = new DiskPass({ map, tally: this.#tally, pool, pages, base, runChunks, idKey, missed });
  }

  #markHealed(ranges: readonly DiskRange[]): void {
    for (const { firstPosition, count } of ranges) this.#map?.heal(firstPosition, count);
  }

  #planNothing(): DiskPlan {
    const map = new ChunkMap(chunkCountOf(this.#sizeBytes, this.#parts.upload.chunkSize));
    map.set({ first: 0, count: map.length, action: "unchanged" });
    return { mode: "unchanged", reason: this.#reason, map, changedChunks: 0, remarks: [] };
  }

  async #plan(signal: AbortSignal): Promise<DiskPlan> {
    const mode = this.#mode === "unchanged" ? "incremental" : this.#mode;
    const { access } = await this.#use(signal);
    await using reader = openDiskReader(access, this.#parts.task.clock);
    return await planDisk({ ...this.#planRequest(), mode }, reader, signal);
  }

  async #planComparison(signal: AbortSignal): Promise<DiskPlan> {
    const { access } = await this.#use(signal);
    await using reader = openDiskReader(access, this.#parts.task.clock);
    return await planInFull({ ...this.#planRequest(), mode: "compare", reason: lied }, reader, signal);
  }

  #planRequest(): PlanRequest {
    return {
      diskId: this.#disk.diskId,
      mode: this.#mode,
      reason: this.#reason,
      chunkSize: this.#parts.upload.chunkSize,
      baseSizeBytes: this.#base === undefined ? undefined : Number(this.#base.sizeBytes),
      checksTracking: this.#disk.checksTracking,
    };
  }

  #missedRanges(): readonly ChunkRange[] {
    return this.#missed?.ranges() ?? [];
  }

  async #use(signal: AbortSignal): Promise<OpenDisk> {
    const opened = await this.#parts.disks.use(this.#disk.diskId, signal);
    if (opened.hasFallenBack && this.#route === "") {
      const message = "the host is out of reach: the disk was read through the engine's proxy";
      this.#remarks.push({ code: "ROUTE_FELL_BACK", message, diskId: this.#disk.diskId });
    }
    this.#route = opened.route;
    this.#sizeBytes = opened.sizeBytes;
    return opened;
  }

  /** True when the controller knows that nothing changed, and the base has the disk as it is. */
  #isLeftAlone(): boolean {
    return this.#mode === "unchanged" && this.#base !== undefined && Number(this.#base.sizeBytes) === this.#sizeBytes;
  }
}

const leavesOf = (ranges: readonly DiskRange[]): ReadonlySet<number> => {
  const leaves = new Set<number>();
  for (const { firstPosition, count } of ranges) {
    const last = Math.floor((firstPosition + Math.max(1, count) - 1) / leafCapacity);
    for (let leaf = Math.floor(firstPosition / leafCapacity); leaf <= last; leaf += 1) leaves.add(leaf);
  }
  return leaves;
};
