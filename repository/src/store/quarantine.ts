import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { fromHex, toHex } from "@holdfast/shared/format/content-id";
import type { RecordKind } from "@holdfast/shared/format/record-header";
import type { RepositoryId } from "@holdfast/shared/format/repository-id";
import { z } from "zod";
import {
  packText,
  type PackKey,
  parseQuarantineName,
  quarantineFolder,
  quarantineName,
  type RecordPlace,
} from "./object-names.ts";
import type { ObjectStore } from "./object-store.ts";
import { decodeTable } from "./pack-contents.ts";
import { readPackSummary } from "./pack-reader.ts";
import { decodeSmallObject, encodeSmallObject, type SmallObjectKind } from "./small-object.ts";

const bodySchema = z.strictObject({
  pack: z.string().regex(/^[0-9a-f]{16}$/),
  offset: z.int().nonnegative(),
  recordKind: z.enum(["chunk", "page"]),
  id: z.string().regex(/^[0-9a-f]{64}$/),
  verdict: z.literal("CHUNK_DAMAGED"),
  atMs: z.int(),
  epoch: z.int(),
});

/** The kind of `quarantine/<pack>/<offset>`. */
export const quarantinedKind: SmallObjectKind<typeof bodySchema> = { kind: "quarantined", body: bodySchema };

/** A record that was read twice and is damaged: absent to everything. */
export interface QuarantinedRecord extends RecordPlace {
  readonly kind: RecordKind;
  readonly id: Uint8Array;
}

/** When a record was judged, and by which owner. */
export interface QuarantineOrigin {
  readonly atMs: number;
  readonly epoch: number;
}

/** The records in quarantine, in memory; the objects stay the truth (I14). */
export class Quarantine {
  readonly #objects: ObjectStore;
  readonly #repositoryId: RepositoryId;
  readonly #byPack = new Map<string, Map<number, QuarantinedRecord>>();

  private constructor(objects: ObjectStore, repositoryId: RepositoryId) {
    this.#objects = objects;
    this.#repositoryId = repositoryId;
  }

  /** Reads what is there. An object that is damaged counts by its name; the pack's own table tells the id. */
  static async load(objects: ObjectStore, repositoryId: RepositoryId, signal?: AbortSignal): Promise<Quarantine> {
    const quarantine = new Quarantine(objects, repositoryId);
    for await (const name of objects.list(quarantineFolder)) {
      signal?.throwIfAborted();
      const place = parseQuarantineName(name);
      const record = place && (await quarantine.#read(name, place));
      if (record) quarantine.#take(record);
    }
    return quarantine;
  }

  /** All of them. */
  get records(): readonly QuarantinedRecord[] {
    return [...this.#byPack.values()].flatMap((records) => [...records.values()]);
  }

  has({ offset, ...pack }: RecordPlace): boolean {
    return this.#byPack.get(packText(pack))?.has(offset) ?? false;
  }

  /** Offsets of a pack's records that are in quarantine. */
  offsetsOf(pack: PackKey): readonly number[] {
    return [...(this.#byPack.get(packText(pack))?.keys() ?? [])];
  }

  /** Makes it durable that a record is damaged. One that is known so stays as it is. Nothing here knows it before `take`. */
  async write(record: QuarantinedRecord, { atMs, epoch }: QuarantineOrigin): Promise<void> {
    const { kind: recordKind, id, offset } = record;
    const body = { pack: packText(record), offset, recordKind, id: toHex(id), verdict, atMs, epoch } as const;
    const bytes = encodeSmallObject(quarantinedKind, this.#repositoryId, body);
    await this.#objects.putIfAbsent(quarantineName(record), bytes);
  }

  /** Knows records from now on that are durably in quarantine: none of them is read back again. */
  take(records: readonly QuarantinedRecord[]): void {
    for (const record of records) this.#take(record);
  }

  #take(record: QuarantinedRecord): void {
    const digits = packText(record);
    const records = this.#byPack.get(digits) ?? new Map<number, QuarantinedRecord>();
    this.#byPack.set(digits, records.set(record.offset, record));
  }

  async #read(name: string, place: RecordPlace): Promise<QuarantinedRecord | undefined> {
    try {
      const where = { name, repositoryId: this.#repositoryId, says: {} };
      const { value } = decodeSmallObject(quarantinedKind, await this.#objects.get(name), where);
      if (
        quarantineName(place) === `${quarantineFolder}/${value.pack}/${name.slice(-8)}` &&
        value.offset === place.offset
      )
        return { ...place, kind: value.recordKind, id: fromHex(value.id) };
    } catch (caught) {
      if (!(caught instanceof HoldfastError) || caught.code !== "REPOSITORY_DAMAGED") throw caught;
    }
    return await this.#readFromPack(place);
  }

  /** Undefined when the pack does not tell either: then nothing is indexed of that place. */
  async #readFromPack(place: RecordPlace): Promise<QuarantinedRecord | undefined> {
    try {
      const { header, table } = await readPackSummary(this.#objects, place, this.#repositoryId);
      const entry = [...decodeTable(table)].find(({ offset }) => offset === place.offset);
      return entry && { ...place, kind: header.kind, id: Uint8Array.from(entry.id) };
    } catch (caught) {
      if (caught instanceof HoldfastError && ["REPOSITORY_DAMAGED", "NOT_FOUND"].includes(caught.code))
        return undefined;
      throw caught;
    }
  }
}

const verdict = "CHUNK_DAMAGED";
