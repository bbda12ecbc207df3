import type { BackupDisk } from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import type { BaseDisk, DiskRange } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { chunkCountOf } from "@holdfast/shared/format/chunk-size";
import type { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { zeroId } from "@holdfast/shared/format/content-id";
import { leafCapacity } from "@holdfast/shared/format/page";
import { type DiskMode, diskModeSchema, noStatistics, type Statistics } from "@holdfast/shared/format/manifest-schema";
import { openDiskReader } from "../disks/disk-access.ts";
import type { DiskReader } from "../disks/disk-reader.ts";
import { isDiskFault } from "../disks/decide-mend.ts";
import type { OpenDisk } from "../disks/open-disk.ts";
import type { LanePool } from "../lanes/lane-pool.ts";
import { lanesFor } from "../lanes/lane-room.ts";
import type { LeafSource } from "@holdfast/shared/reading/leaf-source";
import type { BackupTask } from "./backup-task.ts";
import type { DiskOutcome } from "./build-manifest.ts";
import { checkSample } from "./check-sample.ts";
import { ChunkMap } from "./chunk-map.ts";
import { DiskLanes } from "./disk-lanes.ts";
import type { LaneAnswer, LaneRequest } from "./lane-messages.ts";
import { DiskPass, type PassParts } from "./disk-pass.ts";
import { type ToldDisk, toDiskProgress } from "./disk-progress.ts";
import { DiskTally } from "./disk-tally.ts";
import { type MissedChanges, missedText } from "./missed-changes.ts";
import { type FoundReason, missedReason } from "@holdfast/shared/format/found-reasons";
import type { OpenedDisks } from "./opened-disks.ts";
import { type DiskPlan, planDisk, planInFull, type PlanRequest } from "./plan-disk.ts";
import type { Remark } from "./remark.ts";
import type { Upload } from "../repository/open-upload.ts";

/** What all disks of one upload share. */
export interface UploadParts extends Pick<PassParts, "pages" | "runChunks" | "idKey"> {
  readonly pool: LanePool<LaneRequest, LaneAnswer>;
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
  readonly #lanes: DiskLanes;
  /** Requests to lanes that the present work will take. */
  #requests = 0;
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
    this.#lanes = this.#openLanes();
    parts.task.board.show(disk.diskId, () => toDiskProgress(this.#told(), this.account()));
  }

  get remarks(): readonly Remark[] {
    const found = [...this.#remarks, ...this.#parts.disks.of(this.#disk.diskId).remarks];
    const missed = this.#missed;
    if (missed === undefined || missed.chunks === 0) return found;
    const what = missedText(missed, this.#parts.upload.chunkSize);
    const message = `change tracking missed changes (${what}): the point is right, and no checkpoint is relied on any more`;
    return [...found, { code: "TRACKING_MISSED_CHANGES", message, diskId: this.#disk.diskId }];
  }

  /** What was counted so far; nothing for a skipped disk, which has no content in the point. */
  account(): Statistics {
    return this.#tally?.account() ?? noStatistics;
  }

  outcome(): DiskOutcome {
    const reason = (this.#missed?.chunks ?? 0) === 0 ? this.#reason : missedReason;
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
    const { task, leavesOf: leavesOfBase } = this.#parts;
    const base = leavesOfBase(this.#disk.diskId);
    const lanes = this.#lanes;
    const count = task.orders.sampleChunks === 0 ? defaultSample : task.orders.sampleChunks;
    const lie = await this.#withLanes(
      count,
      () => checkSample({ map, base, lanes, tally, random: task.random }, count, signal),
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
    this.#requests = Math.ceil(chunks / this.#parts.runChunks);
    return await this.#lanes.during(work, signal);
  }

  #openLanes(): DiskLanes {
    const { task, pool, disks } = this.#parts;
    const { diskId } = this.#disk;
    const demand = { asked: task.orders.lanes };
    return new DiskLanes({
      pool,
      lanesOf: ({ maxReaders: connections }) =>
        lanesFor(task.room, { ...demand, connections, requests: this.#requests }),
      use: (signal) => this.#use(signal),
      mend: async (fault, signal) => this.#note(await disks.mend(diskId, fault, signal)),
      progressed: () => {
        disks.of(diskId).progressed();
      },
    });
  }

  /** Follows a plan from here on. What was counted stays: `changed` is what the engine said first. */
  #take({ mode, reason, map, changedChunks, missed, remarks }: DiskPlan): void {
    const { upload, pages, runChunks, idKey, leavesOf: leavesOfBase } = this.#parts;
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
    this.#pass = new DiskPass({ map, tally: this.#tally, lanes: this.#lanes, pages, base, runChunks, idKey, missed });
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
    return await this.#withReader((reader) => planDisk({ ...this.#planRequest(), mode }, reader, signal), signal);
  }

  async #planComparison(signal: AbortSignal): Promise<DiskPlan> {
    const request = { ...this.#planRequest(), mode: "compare", reason: lied } as const;
    return await this.#withReader((reader) => planInFull(request, reader, signal), signal);
  }

  /** With a connection of its own, from the start again when the disk breaks under it. */
  async #withReader<Result>(work: (reader: DiskReader) => Promise<Result>, signal: AbortSignal): Promise<Result> {
    const { disks, task } = this.#parts;
    for (let opened = await this.#use(signal); ;) {
      let fault: HoldfastError;
      {
        await using reader = openDiskReader(opened.access, task.clock);
        try {
          const result = await work(reader);
          disks.of(this.#disk.diskId).progressed();
          return result;
        } catch (caught) {
          signal.throwIfAborted();
          if (!isDiskFault(caught)) throw caught;
          fault = caught;
        }
      }
      opened = this.#note(await disks.mend(this.#disk.diskId, fault, signal));
    }
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

  async #use(signal: AbortSignal): Promise<OpenDisk> {
    return this.#note(await this.#parts.disks.use(this.#disk.diskId, signal));
  }

  #note(opened: OpenDisk): OpenDisk {
    this.#route = opened.route;
    this.#sizeBytes = opened.sizeBytes;
    return opened;
  }

  #told(): ToldDisk {
    const { diskId } = this.#disk;
    const routeReason = this.#route === "" ? "" : this.#parts.disks.of(diskId).routeReason;
    return { diskId, mode: this.#mode, reason: this.outcome().reason, route: this.#route, routeReason };
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
