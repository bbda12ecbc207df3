import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { recordHeaderSize } from "@holdfast/shared/format/record-header";
import type { PackedRecord } from "../ingest/checked-record.ts";
import { packName } from "./object-names.ts";
import type { ObjectStore, StagedObject } from "./object-store.ts";
import { encodePackContents, type PackEntry, packFooterSize } from "./pack-contents.ts";
import { encodePackHeader, type PackHeader, packHeaderSize } from "./pack-header.ts";
import type { PackSummary } from "./pack-reader.ts";

/** Writes one pack: records go in at the end, `seal` names it. Any failure abandons it for good (I2). */
export class PackWriter implements AsyncDisposable {
  readonly header: PackHeader;
  readonly #headerBytes: Uint8Array;
  readonly #staged: StagedObject;
  readonly #entries: PackEntry[] = [];
  #offset = packHeaderSize;
  #queue: Uint8Array[] = [];
  #writing: Promise<void> = Promise.resolve();
  #sealed = false;

  private constructor(header: PackHeader, headerBytes: Uint8Array, staged: StagedObject) {
    this.header = header;
    this.#headerBytes = headerBytes;
    this.#staged = staged;
    this.#queue.push(headerBytes);
  }

  static async open(objects: ObjectStore, header: PackHeader): Promise<PackWriter> {
    return new PackWriter(header, encodePackHeader(header), await objects.stage(packName(header)));
  }

  /** Bytes so far, without the contents. */
  get sizeBytes(): number {
    return this.#offset;
  }

  get recordCount(): number {
    return this.#entries.length;
  }

  /** Places a record; resolves when its bytes were handed to the storage, so that its memory is free again. */
  append({ header, bytes, page }: PackedRecord): Promise<void> {
    if (this.#sealed) throw new HoldfastError("INTERNAL", "a record for a pack that is sealed");
    if (header.kind !== this.header.kind || bytes.byteLength !== recordHeaderSize + header.storedLength) {
      throw new HoldfastError("INTERNAL", "a record of another kind or length than its pack expects");
    }
    const { id, codec, kind, plainLength, storedLength } = header;
    this.#entries.push({ id, codec, kind, plainLength, storedLength, offset: this.#offset, level: page?.level ?? 0 });
    this.#offset += bytes.byteLength;
    return this.#write(bytes);
  }

  /** Ends the pack and makes it durable under its name; answers what the index needs of it. */
  async seal(): Promise<PackSummary> {
    this.#sealed = true;
    const contents = encodePackContents(this.#headerBytes, this.#entries);
    await this.#write(contents);
    if ((await this.#staged.publish()) === "exists") {
      const name = packName(this.header);
      throw new HoldfastError("REPOSITORY_NOT_OWNED", `${name} exists already: someone else writes in this epoch`);
    }
    await this.#staged[Symbol.asyncDispose]();
    const table = contents.subarray(0, contents.byteLength - packFooterSize);
    return { header: this.header, sizeBytes: this.#offset + contents.byteLength, table, found: "table" };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#sealed = true;
    await Promise.allSettled([this.#writing]);
    await this.#staged[Symbol.asyncDispose]();
  }

  /** Everything queued while one write is under way goes out with the next; after a failed one nothing does. */
  #write(bytes: Uint8Array): Promise<void> {
    this.#queue.push(bytes);
    this.#writing = this.#writeAfter(this.#writing);
    return this.#writing;
  }

  async #writeAfter(before: Promise<void>): Promise<void> {
    await before;
    const parts = this.#queue;
    this.#queue = [];
    if (parts.length > 0) await this.#staged.write(parts);
  }
}
