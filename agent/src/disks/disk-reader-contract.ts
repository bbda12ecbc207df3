import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DiskReader } from "./disk-reader.ts";
import type { Extent, ExtentContext } from "./extent.ts";

/** A disk that the contract is held against. */
export interface ContractDisk {
  readonly bytes: Buffer;
  readonly zero: readonly Extent[];
  /** Undefined for a disk without change tracking. */
  readonly dirty: readonly Extent[] | undefined;
}

/** What an implementation gives the contract: readers of that disk, each with its own connection. */
export interface ContractSubject extends AsyncDisposable {
  open(): DiskReader;
}

const KiB = 1024;
const sizeBytes = 3 * 1024 * KiB + 512;

/** A disk whose extents take more than one batch. */
export const contractDisk = (): ContractDisk => {
  const bytes = Buffer.alloc(sizeBytes);
  for (let at = 0; at < sizeBytes; at += 64) createHash("sha256").update(String(at)).digest().copy(bytes, at);
  const step = 512;
  const cover = (flags: (index: number) => Pick<Extent, "zero" | "dirty">): Extent[] =>
    Array.from({ length: sizeBytes / step }, (_, index) => ({ start: index * step, length: step, ...flags(index) }));
  return {
    bytes,
    zero: cover((index) => ({ zero: index % 2 === 1, dirty: false })),
    dirty: cover((index) => ({ zero: index % 3 === 0, dirty: index % 2 === 0 })),
  };
};

/** What every way to a disk must hold to. */
export const describeDiskReader = (
  name: string,
  openSubject: (disk: ContractDisk) => Promise<ContractSubject>,
): void => {
  describe(`${name} as a disk reader`, () => {
    const disk = contractDisk();
    const { signal } = new AbortController();
    let subject: ContractSubject;
    beforeAll(async () => {
      subject = await openSubject(disk);
    });
    afterAll(() => subject[Symbol.asyncDispose]());

    const extentsOf = async (reader: DiskReader, context: ExtentContext): Promise<readonly (readonly Extent[])[]> =>
      await Array.fromAsync(reader.extents(context, signal));
    const bytesOf = async (reader: DiskReader, start: number, length: number): Promise<Buffer> => {
      const pieces: Buffer[] = [];
      for await (const piece of reader.read({ start, length }, signal)) pieces.push(Buffer.from(piece));
      return Buffer.concat(pieces);
    };

    it("gives all extents of both contexts in order, in batches of at most 4,096", async () => {
      await using reader = subject.open();
      for (const context of ["zero", "dirty"] as const) {
        const batches = await extentsOf(reader, context);
        expect(Math.max(...batches.map(({ length }) => length))).toBeLessThanOrEqual(4096);
        expect(batches.flat()).toEqual(disk[context]);
      }
    });

    it("gives exactly the bytes of a range, wherever it starts and ends", async () => {
      await using reader = subject.open();
      for (const [start, length] of [
        [0, 1],
        [0, sizeBytes],
        [1000, 300 * KiB],
        [sizeBytes - 512, 512],
        [700 * KiB, 1024 * KiB],
      ] as const) {
        const bytes = await bytesOf(reader, start, length);
        expect(bytes.equals(disk.bytes.subarray(start, start + length))).toBe(true);
      }
    });

    it("can be left in the middle of a range and used again", async () => {
      await using reader = subject.open();
      for await (const _ of reader.read({ start: 0, length: sizeBytes }, signal)) break;
      expect((await bytesOf(reader, 512, 512)).equals(disk.bytes.subarray(512, 1024))).toBe(true);
    });

    it("ends with the signal's reason when it is aborted", async () => {
      await using reader = subject.open();
      const stop = new AbortController();
      const reason = new Error("no more");
      const reading = (async () => {
        for await (const _ of reader.read({ start: 0, length: sizeBytes }, stop.signal)) stop.abort(reason);
      })();
      await expect(reading).rejects.toBe(reason);
    });

    it("refuses a range outside the disk", async () => {
      await using reader = subject.open();
      await expect(bytesOf(reader, sizeBytes - 10, 20)).rejects.toMatchObject({ name: "HoldfastError" });
    });
  });
};
