import { open, readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { digits8, require, sha256, uuidText } from "./bytes.ts";
import type { Keys } from "./keys.ts";
import { decodeStored, type Header, headerBytes, readHeader } from "./record.ts";
import { hmac } from "./seal.ts";

const packHeaderBytes = 64;
const footerBytes = 48;
const entryBytes = 48;

interface Place {
  readonly path: string;
  readonly offset: number;
}

/** What is there and counts as absent: names of packs, and places of records in them. */
export interface Absent {
  readonly condemned: ReadonlySet<string>;
  readonly quarantine: ReadonlySet<string>;
}

/** Whose packs they are, and what opens them where all is sealed. */
export interface PackTerms {
  readonly repositoryId: string;
  readonly keys: Keys | undefined;
}

/** All records of a repository's packs, by kind and id (§2); what is damaged is left out, another copy may serve. */
export class Packs {
  readonly #repositoryId: string;
  readonly #keys: Keys | undefined;
  readonly #quarantine: ReadonlySet<string>;
  readonly #places = new Map<string, Place[]>();

  private constructor({ repositoryId, keys }: PackTerms, quarantine: ReadonlySet<string>) {
    this.#repositoryId = repositoryId;
    this.#keys = keys;
    this.#quarantine = quarantine;
  }

  /** Reads the contents of every pack below `root` but what is condemned (§6.5) or in quarantine (§6.7). */
  static async open(root: string, terms: PackTerms, { condemned, quarantine }: Absent): Promise<Packs> {
    const packs = new Packs(terms, quarantine);
    const entries = await readdir(join(root, "packs"), { recursive: true, withFileTypes: true });
    for (const entry of entries.filter((one) => one.isFile() && !condemned.has(one.name))) {
      await packs.#addPack(join(entry.parentPath, entry.name));
    }
    return packs;
  }

  /**
   * The plain bytes of a record (kind 1 = chunk, 2 = page), each copy tried in turn until one is what its id says: padded with zeros
   * to `size`, where that is given.
   */
  async read(kind: number, id: Buffer, size?: number): Promise<Buffer> {
    for (const place of this.#places.get(keyOf(kind, id)) ?? []) {
      const plain = await this.#readAt(place, kind, id).catch(() => undefined);
      const whole = plain && Buffer.concat([plain], size);
      if (whole && this.#idOf(whole).equals(id)) return whole;
    }
    throw new Error(`no sound record of kind ${kind} with id ${id.toString("hex")}`);
  }

  #idOf(plain: Buffer): Buffer {
    return this.#keys ? hmac(this.#keys.idKey, plain) : sha256(plain);
  }

  async #readAt({ path, offset }: Place, kind: number, id: Buffer): Promise<Buffer> {
    await using file = await open(path);
    const header = readHeader(await exactly(file, offset, headerBytes), this.#repositoryId);
    require(header.kind === kind && header.id.equals(id), "the record asked for");
    const stored = await exactly(file, offset + headerBytes, header.storedLength);
    require(sha256(stored).equals(header.sha256), "the checksum of stored bytes");
    return decodeStored(header, stored, this.#keys);
  }

  async #addPack(path: string): Promise<void> {
    await using file = await open(path);
    const { size } = await file.stat();
    const places =
      (await this.#byTable(file, size).catch(() => undefined)) ?? (await walkRecords(file, size, this.#repositoryId));
    for (const { kind, id, offset } of places) {
      if (this.#quarantine.has(`${basename(path)}/${digits8(offset)}`)) continue;
      const key = keyOf(kind, id);
      this.#places.set(key, [...(this.#places.get(key) ?? []), { path, offset }]);
    }
  }

  async #byTable(file: File, size: number): Promise<Found[]> {
    const header = await exactly(file, 0, packHeaderBytes);
    require(header.toString("latin1", 0, 4) === "HFPK" && header.readUInt8(4) === 1, "a pack's magic");
    require(sha256(header.subarray(0, 52)).subarray(0, 12).equals(header.subarray(52)), "a pack header's checksum");
    require(uuidText(header.subarray(8, 24)) === this.#repositoryId, "a pack's repository");
    const footer = await exactly(file, size - footerBytes, footerBytes);
    require(footer.toString("latin1", 0, 4) === "HFTC" && footer.readUInt8(4) === 1, "a footer's magic");
    const count = footer.readUInt32LE(8);
    require(footer.readUInt32LE(12) === count * entryBytes, "the length of a table of contents");
    const table = await exactly(file, size - footerBytes - count * entryBytes, count * entryBytes);
    require(sha256(header, table, footer.subarray(0, 16)).equals(footer.subarray(16)), "a table's checksum");
    return Array.from({ length: count }, (_, index) => {
      const entry = table.subarray(index * entryBytes, (index + 1) * entryBytes);
      return { kind: entry.readUInt8(44), id: entry.subarray(0, 32), offset: entry.readUInt32LE(32) };
    });
  }
}

interface Found {
  readonly kind: number;
  readonly id: Buffer;
  readonly offset: number;
}

type File = Awaited<ReturnType<typeof open>>;

/** §2: where footer or table are damaged, each header tells where the next one is. */
const walkRecords = async (file: File, size: number, repositoryId: string): Promise<Found[]> => {
  const found: Found[] = [];
  for (let offset = packHeaderBytes; offset + headerBytes <= size;) {
    let header: Header;
    try {
      header = readHeader(await exactly(file, offset, headerBytes), repositoryId);
    } catch {
      break;
    }
    found.push({ kind: header.kind, id: header.id, offset });
    offset += headerBytes + header.storedLength;
  }
  return found;
};

const exactly = async (file: File, position: number, length: number): Promise<Buffer> => {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  require(bytesRead === length, "enough bytes");
  return buffer;
};

const keyOf = (kind: number, id: Buffer): string => `${kind}:${id.toString("hex")}`;
