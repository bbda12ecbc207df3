import * as fc from "fast-check";
import { zstdCompressSync } from "node:zlib";
import { expect, test } from "vitest";
import { HoldfastError } from "../errors/holdfast-error.ts";
import { chunkIdOf, isZero } from "./chunk-id.ts";
import { chunkSizes } from "./chunk-size.ts";
import { decodeBytes, encodeBytes } from "./codec.ts";
import { isZeroId, sha256, toHex } from "./content-id.ts";
import { encodePage } from "./page.ts";
import { encodeRecord, openChecked, openRecord, parseRecord } from "./record.ts";
import { decodeRecordHeader, encodeRecordHeader, recordHeaderSize } from "./record-header.ts";
import { counting, goldenRepository } from "./testing/golden-samples.ts";

const chunkSize = chunkSizes[0];
const compressions = ["zstd", "lz4"] as const;

const codeOf = (work: () => unknown): string => {
  try {
    work();
    return "none";
  } catch (caught) {
    return caught instanceof HoldfastError ? caught.code : String(caught);
  }
};

const recordOf = (plain: Uint8Array, compression: (typeof compressions)[number], id = chunkIdOf(plain, chunkSize)) => {
  const { header, stored } = encodeRecord({ repositoryId: goldenRepository, kind: "chunk", id, plain, compression });
  return new Uint8Array(Buffer.concat([header, stored]));
};

/** Some compressible and some random bytes, never all zero. */
const plainBytes = fc
  .tuple(fc.uint8Array({ minLength: 0, maxLength: 600 }), fc.nat(3000), fc.integer({ min: 1, max: 255 }))
  .map(([random, run, last]) => new Uint8Array([...random, ...Array.from({ length: run }, () => 7), last]));

test("a record gives back its plain bytes, whatever they are and whichever codec", () => {
  fc.assert(
    fc.property(plainBytes, fc.constantFrom(...compressions), (plain, compression) => {
      const parsed = parseRecord(recordOf(plain, compression));
      expect(Buffer.compare(openChecked(parsed, chunkSize), plain)).toBe(0);
      expect(parsed.stored.byteLength).toBeLessThanOrEqual(plain.byteLength);
    }),
    { numRuns: 100 },
  );
});

test("one flipped bit anywhere in a record is damage, or a version or feature that is not known", () => {
  const record = recordOf(counting(3000), "zstd");
  fc.assert(
    fc.property(fc.nat(record.byteLength * 8 - 1), (bit) => {
      const flipped = Uint8Array.from(record);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(codeOf(() => openChecked(parseRecord(flipped), chunkSize))).toBe("CHUNK_DAMAGED");
    }),
  );
});

test("a record that is cut short or followed by other bytes is damage", () => {
  const record = recordOf(counting(3000), "lz4");
  for (const length of [0, 10, recordHeaderSize, record.byteLength - 1]) {
    expect(codeOf(() => parseRecord(record.subarray(0, length)))).toBe("CHUNK_DAMAGED");
  }
  expect(codeOf(() => parseRecord(new Uint8Array([...record, 0])))).toBe("CHUNK_DAMAGED");
});

test("good bytes under another id are not what their id says", () => {
  const record = recordOf(counting(3000), "zstd", chunkIdOf(counting(2999), chunkSize));
  expect(openRecord(parseRecord(record)).byteLength).toBe(3000);
  expect(codeOf(() => openChecked(parseRecord(record), chunkSize))).toBe("CHUNK_DAMAGED");
});

/** A header with some of its bytes replaced and its checksum made right again. */
const forged = (changes: Readonly<Record<number, number>>): Uint8Array => {
  const bytes = Uint8Array.from(recordOf(counting(100), "zstd").subarray(0, recordHeaderSize));
  for (const [offset, value] of Object.entries(changes)) bytes[Number(offset)] = value;
  bytes.set(sha256(bytes.subarray(0, 132)).subarray(0, 12), 132);
  return bytes;
};

test("a header of a later version, or with what this version does not know, is refused with its code", () => {
  expect(codeOf(() => decodeRecordHeader(forged({ 4: 2 })))).toBe("SCHEMA_TOO_NEW");
  expect(codeOf(() => decodeRecordHeader(forged({ 4: 0 })))).toBe("CHUNK_DAMAGED");
  for (const offset of [5, 6, 7, 8, 10, 36, 76]) {
    expect(codeOf(() => decodeRecordHeader(forged({ [offset]: 9 })))).toBe("FEATURE_UNSUPPORTED");
  }
  expect(codeOf(() => decodeRecordHeader(forged({ 15: 255 })))).toBe("CHUNK_DAMAGED");
  const zeroId = Object.fromEntries(Array.from({ length: 32 }, (_, index) => [44 + index, 0]));
  expect(codeOf(() => decodeRecordHeader(forged(zeroId)))).toBe("CHUNK_DAMAGED");
});

test("a header survives encoding and decoding", () => {
  const header = parseRecord(recordOf(counting(500), "lz4")).header;
  expect(decodeRecordHeader(encodeRecordHeader(header))).toEqual(header);
});

test("a decoder makes no more bytes than the header names", () => {
  const bomb = zstdCompressSync(Buffer.alloc(8 * 1024 * 1024));
  expect(codeOf(() => decodeBytes(bomb, "zstd", 1000))).toBe("CHUNK_DAMAGED");
  const lz4 = Uint8Array.from(encodeBytes(new Uint8Array(100_000).fill(1), "lz4").bytes);
  expect(codeOf(() => decodeBytes(lz4, "lz4", 99_999))).toBe("CHUNK_DAMAGED");
  new DataView(lz4.buffer).setUint32(0, 50_000, true);
  expect(codeOf(() => decodeBytes(lz4, "lz4", 50_000))).toBe("CHUNK_DAMAGED");
  expect(codeOf(() => decodeBytes(new Uint8Array(2), "lz4", 5))).toBe("CHUNK_DAMAGED");
  expect(codeOf(() => decodeBytes(new Uint8Array(2), "stored", 5))).toBe("CHUNK_DAMAGED");
});

test("bytes that do not compress are stored as they are", () => {
  const noise = Uint8Array.from(sha256(counting(1)));
  for (const compression of compressions)
    expect(encodeBytes(noise, compression)).toEqual({ codec: "stored", bytes: noise });
});

test("a chunk's id does not change when zeros follow, up to the chunk size", () => {
  fc.assert(
    fc.property(plainBytes, fc.nat(5000), (plain, zeros) => {
      const padded = new Uint8Array(plain.byteLength + zeros);
      padded.set(plain);
      expect(toHex(chunkIdOf(padded, chunkSize))).toBe(toHex(chunkIdOf(plain, chunkSize)));
    }),
  );
});

test("only zeros have the zero id, at every chunk size and wherever the one bit is", () => {
  for (const size of chunkSizes) {
    const bytes = new Uint8Array(size);
    expect(isZeroId(chunkIdOf(bytes, size))).toBe(true);
    for (const offset of [0, 1, size / 2, size - 1]) {
      bytes[offset] = 1;
      expect(isZero(bytes)).toBe(false);
      expect(isZeroId(chunkIdOf(bytes, size))).toBe(false);
      bytes[offset] = 0;
    }
  }
});

test("a page travels as a record and is checked against its own hash", () => {
  const page = encodePage({ level: 0, ids: counting(64) });
  const source = { repositoryId: goldenRepository, id: page.id, plain: page.bytes, compression: "zstd" } as const;
  const { header, stored } = encodeRecord({ ...source, kind: "page" });
  const opened = openChecked(parseRecord(Buffer.concat([header, stored])), chunkSize);
  expect(toHex(opened)).toBe(toHex(page.bytes));
});
