import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { ReadDiskResponseSchema } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { describe, expect, it } from "vitest";
import { chunkIdOf } from "../format/chunk-id.ts";
import { chunkSizes } from "../format/chunk-size.ts";
import { zeroId } from "../format/content-id.ts";
import { encodeRecord } from "../format/record.ts";
import { counting, goldenRepository } from "../format/testing/golden-samples.ts";
import { readCheckedChunks } from "./read-checked-chunks.ts";
import type { ReadChunk } from "./read-chunks.ts";
import { trustedDisk } from "./trusted-disk.ts";

const [chunkSize] = chunkSizes;
const plainOf = (length: number): Uint8Array => counting(length);
const idOf = (length: number): Uint8Array => chunkIdOf(plainOf(length), chunkSize);

type Event = NonNullable<MessageInitShape<typeof ReadDiskResponseSchema>["event"]>;

const chunk = (position: number, length: number): Event => {
  const source = { repositoryId: goldenRepository, kind: "chunk", id: idOf(length), plain: plainOf(length) } as const;
  const { header, stored } = encodeRecord({ ...source, compression: "zstd" });
  return { case: "piece", value: { position, data: Buffer.concat([header, stored]), last: true } };
};
const zero = (firstPosition: number, count: number): Event => ({ case: "zero", value: { firstPosition, count } });

/** What a reader makes of these answers; positions 10 to 13 must be a chunk, two of zeros, and another chunk. */
const read = async (...events: readonly Event[]): Promise<readonly ReadChunk[]> => {
  const calls = {
    readDisk: async function* () {
      for (const event of events) yield await Promise.resolve(create(ReadDiskResponseSchema, { event }));
    },
  };
  const ids = Buffer.concat([idOf(100), zeroId, zeroId, idOf(200)]);
  const range = { readingId: "r", diskId: "d", first: 10, ids, chunkSize };
  return await Array.fromAsync(readCheckedChunks(calls, range, new AbortController().signal));
};

describe("chunks that must be these", () => {
  it("are given with their content when they are", async () => {
    const parts = await read(chunk(10, 100), zero(11, 2), chunk(13, 200));
    expect(parts.map(({ kind }) => kind)).toEqual(["chunk", "zero", "chunk"]);
  });

  it("are never zeros because the repository left them out, sent them twice, or ended early", async () => {
    for (const events of [
      [chunk(10, 100), zero(11, 2)],
      [chunk(10, 100), chunk(13, 200)],
      [chunk(10, 100), chunk(10, 100)],
      [chunk(10, 100), zero(11, 4)],
      [],
    ])
      await expect(read(...events)).rejects.toMatchObject({ code: "STREAM_REFUSED" });
  });

  it("are damaged when another chunk, or zeros, stand in their place", async () => {
    const damagedIn = async (...events: readonly Event[]) =>
      (await read(...events)).flatMap((one) => (one.kind === "damaged" ? [one.position] : []));
    expect(await damagedIn(chunk(10, 300), zero(11, 2), chunk(13, 200))).toEqual([10]);
    expect(await damagedIn(chunk(10, 100), zero(11, 3))).toEqual([13]);
    expect(await damagedIn(chunk(10, 100), chunk(11, 200), zero(12, 1), chunk(13, 200))).toEqual([11]);
  });
});

describe("a disk of a reading", () => {
  const disks = [{ diskId: "d", sizeBytes: 1n, root: idOf(1) }] as never;

  it("is what the manifest says, or is not read", () => {
    expect(trustedDisk({ disks }, { diskId: "d", root: idOf(1) })).toMatchObject({ diskId: "d" });
    expect(() => trustedDisk({ disks }, { diskId: "d", root: idOf(2) })).toThrow(
      expect.objectContaining({ code: "REPOSITORY_DAMAGED" }),
    );
    expect(() => trustedDisk({ disks }, { diskId: "e", root: idOf(1) })).toThrow(
      expect.objectContaining({ code: "NOT_FOUND" }),
    );
  });
});
