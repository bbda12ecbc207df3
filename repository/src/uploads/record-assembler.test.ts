import { chunkIdOf } from "@holdfast/shared/format/chunk-id";
import { encodeRecord } from "@holdfast/shared/format/record";
import { newRepositoryId } from "@holdfast/shared/format/repository-id";
import { systemRandom } from "@holdfast/shared/ids/ids";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seededBytes } from "../testing/synthetic-disk.ts";
import { RecordAssembler } from "./record-assembler.ts";

const chunkSize = 256 * 1024;
const repositoryId = newRepositoryId(systemRandom);

const record = (seed: number, size: number): Buffer => {
  const plain = seededBytes(seed, size);
  const { header, stored } = encodeRecord({
    repositoryId,
    kind: "chunk",
    id: chunkIdOf(plain, chunkSize),
    plain,
    compression: "lz4",
  });
  return Buffer.concat([header, stored]);
};

describe("the record assembler", () => {
  it("joins records that were cut anywhere", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 700 }),
        (sizes, step) => {
          const assembler = new RecordAssembler(chunkSize);
          const records = sizes.map((size, index) => record(index + 1, size));
          const joined: Buffer[] = [];
          for (const one of records) {
            for (let offset = 0; offset < one.byteLength; offset += step) {
              const whole = assembler.push(one.subarray(offset, offset + step), offset + step >= one.byteLength);
              if (whole) joined.push(Buffer.from(whole.bytes));
            }
          }
          assembler.finish();
          expect(joined.map((bytes) => bytes.toString("hex"))).toEqual(records.map((bytes) => bytes.toString("hex")));
        },
      ),
      { numRuns: 30 },
    );
  });

  it("refuses what is cut short, too long, or announces more than a chunk, before it takes memory", () => {
    const whole = record(1, 1000);
    const refusal = expect.objectContaining({ code: "RECORD_REJECTED" });
    const fresh = (): RecordAssembler => new RecordAssembler(chunkSize);

    expect(() => fresh().push(whole.subarray(0, 50), true)).toThrow(refusal);
    expect(() => fresh().push(whole.subarray(0, -1), true)).toThrow(refusal);
    expect(() => fresh().push(Buffer.concat([whole, whole]), true)).toThrow(refusal);
    expect(() => fresh().push(record(1, 2 * chunkSize), true)).toThrow(refusal);
    expect(() => fresh().push(Buffer.alloc(200), true)).toThrow(refusal);
    const open = fresh();
    open.push(whole.subarray(0, 500), false);
    expect(() => {
      open.finish();
    }).toThrow(refusal);
  });
});
