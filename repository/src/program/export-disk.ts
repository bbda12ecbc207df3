import { type FileHandle, open } from "node:fs/promises";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { openChecked, parseRecord } from "@holdfast/shared/format/record";
import type { CatalogDisk, DiskTree } from "../catalog/catalog-point.ts";
import { type DiskRange, RangeCollector } from "../catalog/disk-range.ts";
import { type DamageCode, damageOf, type DiskContent, diskContent } from "../readings/disk-content.ts";
import { ReadAhead } from "../readings/read-ahead.ts";
import type { ExportState, PartialExport } from "./partial-export.ts";
import type { RepositoryReader } from "../store/repository-store.ts";

/** A disk and the file that becomes it. */
export interface DiskExport {
  readonly disk: CatalogDisk;
  readonly path: string;
  /** Write zeros where a chunk is missing or damaged, instead of failing. */
  readonly skipDamaged: boolean;
  /** Notes how far the file is, and says where a former run ended; from the start, and unnoted, unless given. */
  readonly checkpoint?: Pick<PartialExport, "done" | "save"> | undefined;
  readonly onProgress: (positionsDone: number, positionsTotal: number) => void;
}

/** What was left out as zeros. */
export type SkippedRange = DiskRange & { readonly code: DamageCode };

/** Bytes of a disk after which it is noted how far its file is. */
const noteEveryBytes = 256 * 1024 * 1024;

const readAheadBytes = 16 * 1024 * 1024;

/**
 * Writes a disk into a new sparse file and syncs it; every chunk is compared with its id. The file must not exist, unless a checkpoint says how far it is. CHUNK_MISSING
 * or CHUNK_DAMAGED with the position, unless damage is to be skipped.
 */
export const exportDisk = async (
  reader: RepositoryReader,
  task: DiskExport,
  signal: AbortSignal,
): Promise<readonly SkippedRange[]> => {
  const { disk, path } = task;
  if (!disk.tree)
    throw new HoldfastError("NOT_FOUND", `disk ${disk.diskId} was skipped: the point has no content of it`);
  const skipped = new RangeCollector<{ readonly code: DamageCode }>((a, b) => a.code === b.code);
  const { tree } = disk;
  const { chunkCount } = tree.shape;
  const before = task.checkpoint?.done ?? { donePositions: 0, skipped: [] };
  const notes = new Notes(task.checkpoint, Math.max(1, Math.floor(noteEveryBytes / reader.facts.chunkSize)));
  const file = before.donePositions > 0 ? await open(path, "r+") : await create(path);
  const skippedSoFar = (): readonly SkippedRange[] => [...before.skipped, ...skipped.ranges];
  try {
    await file.truncate(disk.sizeBytes);
    const range = { tree, firstPosition: before.donePositions, count: chunkCount - before.donePositions };
    for await (const content of diskContent(range, { reader, readAhead: new ReadAhead(readAheadBytes), signal })) {
      signal.throwIfAborted();
      const damage = await put(reader, file, { disk, tree, content });
      if (damage) skip(task, skipped, damage);
      task.onProgress(endOf(content), chunkCount);
      await notes.reached(file, { donePositions: endOf(content), skipped: skippedSoFar() });
    }
    await file.sync();
  } catch (caught) {
    // Why it ended is more than how far it was.
    await notes.flush(file).catch(() => undefined);
    throw caught;
  } finally {
    await file.close();
  }
  return skippedSoFar();
};

/** Notes how far a file is: now and then, and when it ends early. */
class Notes {
  readonly #checkpoint: DiskExport["checkpoint"];
  readonly #every: number;
  #last: ExportState | undefined;
  #notedAt: number;

  constructor(checkpoint: DiskExport["checkpoint"], every: number) {
    this.#checkpoint = checkpoint;
    this.#every = every;
    this.#notedAt = checkpoint?.done.donePositions ?? 0;
  }

  async reached(file: FileHandle, state: ExportState): Promise<void> {
    this.#last = state;
    if (state.donePositions - this.#notedAt >= this.#every) await this.flush(file);
  }

  async flush(file: FileHandle): Promise<void> {
    if (this.#checkpoint === undefined || this.#last === undefined) return;
    await file.sync();
    await this.#checkpoint.save(this.#last);
    this.#notedAt = this.#last.donePositions;
  }
}

const create = async (path: string): Promise<FileHandle> => {
  try {
    return await open(path, "wx");
  } catch (caught) {
    const isThere = caught instanceof Error && "code" in caught && caught.code === "EEXIST";
    throw new HoldfastError(isThere ? "ALREADY_EXISTS" : "IO_FAILED", `cannot make ${path}`, { cause: caught });
  }
};

interface Part {
  readonly disk: CatalogDisk;
  readonly tree: DiskTree;
  readonly content: DiskContent;
}

interface Damage {
  readonly position: number;
  readonly code: DamageCode;
}

/** Writes what is not zero; gives the damage that it met. */
const put = async (reader: RepositoryReader, file: FileHandle, part: Part): Promise<Damage | undefined> => {
  const { disk, content } = part;
  if (content.kind === "zero") return undefined;
  if (content.kind === "damaged") return { position: content.position, code: content.code };
  const { chunkSize } = reader.facts;
  const offset = content.position * chunkSize;
  try {
    const plain = openChecked(parseRecord(content.record), chunkSize, reader.keys?.opening);
    await writeAll(file, plain.subarray(0, disk.sizeBytes - offset), offset);
    return undefined;
  } catch (caught) {
    const code = damageOf(caught);
    if (!code) throw caught;
    return { position: content.position, code };
  }
};

const writeAll = async (file: FileHandle, bytes: Uint8Array, offset: number): Promise<void> => {
  let written = 0;
  while (written < bytes.byteLength) {
    const { bytesWritten } = await file.write(bytes, written, bytes.byteLength - written, offset + written);
    written += bytesWritten;
  }
};

const skip = (
  { disk, skipDamaged }: DiskExport,
  skipped: RangeCollector<{ readonly code: DamageCode }>,
  { position, code }: Damage,
): void => {
  if (!skipDamaged) throw new HoldfastError(code, `chunk ${position} of disk ${disk.diskId} cannot be restored`);
  skipped.add(disk.diskId, position, { code });
};

const endOf = (content: DiskContent): number =>
  content.kind === "zero" ? content.firstPosition + content.count : content.position + 1;
