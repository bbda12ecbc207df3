import { readFile, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { toHex } from "@holdfast/shared/format/content-id";
import { writeFileDurably } from "@holdfast/shared/identity/durable-file";
import { z } from "zod";
import type { CatalogDisk } from "../catalog/catalog-point.ts";
import type { SkippedRange } from "./export-disk.ts";

const stateSchema = z.strictObject({
  v: z.literal(1),
  /** What the file becomes: its content is fixed by root and size. */
  root: z.string(),
  sizeBytes: z.int(),
  donePositions: z.int().min(0),
  skipped: z.array(
    z.strictObject({
      diskId: z.string(),
      firstPosition: z.int(),
      count: z.int(),
      code: z.enum(["CHUNK_MISSING", "CHUNK_DAMAGED"]),
    }),
  ),
});

/** How far a disk's file was written, durably. */
export interface ExportState {
  readonly donePositions: number;
  readonly skipped: readonly SkippedRange[];
}

/** A file that a later run of the same export goes on with. */
export interface PartialExport {
  /** The unfinished raw file. */
  readonly path: string;
  readonly done: ExportState;
  /** Notes what is synced in the file. */
  save(state: ExportState): Promise<void>;
  /** Removes the file, where it still is, and what is noted of it. */
  forget(): Promise<void>;
}

/** Looks for what a former run left beside a target; what is of another content, or has no note, is begun anew. */
export const openPartialExport = async (target: string, disk: CatalogDisk): Promise<PartialExport> => {
  const path = join(dirname(target), `.${basename(target)}.part`);
  const notes = `${path}.json`;
  const facts = { v: 1, root: toHex(disk.tree?.root ?? new Uint8Array()), sizeBytes: disk.sizeBytes } as const;
  const found = await readState(notes);
  const isOurs =
    found?.root === facts.root && found.sizeBytes === facts.sizeBytes && (await sizeOf(path)) === facts.sizeBytes;
  const forget = async (): Promise<void> => {
    await rm(path, { force: true });
    await rm(notes, { force: true });
  };
  if (!isOurs) await forget();
  return {
    path,
    done: isOurs ? found : { donePositions: 0, skipped: [] },
    save: ({ donePositions, skipped }) =>
      writeFileDurably(notes, `${JSON.stringify({ ...facts, donePositions, skipped })}\n`, 0o600),
    forget,
  };
};

const readState = async (path: string): Promise<z.output<typeof stateSchema> | undefined> => {
  const text = await readFile(path, "utf8").catch(() => "");
  try {
    return stateSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
};

const sizeOf = (path: string): Promise<number | undefined> =>
  stat(path).then(
    ({ size }) => size,
    () => undefined,
  );
