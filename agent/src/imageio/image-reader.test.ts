import { systemClock } from "@holdfast/shared/clock/clock";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { contractDisk, describeDiskReader } from "../disks/disk-reader-contract.ts";
import { ImageReader } from "./image-reader.ts";
import {
  type ImageServer,
  type ImageServerOptions,
  type Misbehaviour,
  openImageServer,
} from "./testing/image-server.ts";
import { makeTestIdentity, type TestIdentity } from "./testing/test-identity.ts";

const readerOf = ({ endpoint }: ImageServer, sizeBytes: number): ImageReader =>
  new ImageReader({ endpoint, sizeBytes, hasExtents: true }, systemClock);

for (const way of ["HTTPS", "an abstract unix socket"] as const) {
  describeDiskReader(`imageio over ${way}`, async ({ bytes, zero, dirty }) => {
    const unixSocket = `\0hf-test/${process.pid}`;
    const extents = dirty === undefined ? { zero } : { zero, dirty };
    const server = await openImageServer({ identity: await makeTestIdentity(), disk: bytes, extents, unixSocket });
    const endpoint = way === "HTTPS" ? server.endpoint : { ...server.endpoint, socketPath: unixSocket };
    return {
      open: () => new ImageReader({ endpoint, sizeBytes: bytes.byteLength, hasExtents: true }, systemClock),
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  });
}

describe("imageio's rules", () => {
  const { bytes: disk } = contractDisk();
  const { signal } = new AbortController();
  let identity: TestIdentity;
  beforeAll(async () => {
    identity = await makeTestIdentity();
  });
  const servers: ImageServer[] = [];
  afterAll(() => Promise.all(servers.map((server) => server[Symbol.asyncDispose]())));

  const serve = async (options: Partial<ImageServerOptions> = {}): Promise<ImageServer> => {
    const server = await openImageServer({ identity, disk, ...options });
    servers.push(server);
    return server;
  };
  const read = async (server: ImageServer, start = 0, length = disk.byteLength): Promise<Buffer> => {
    await using reader = readerOf(server, disk.byteLength);
    const pieces: Buffer[] = [];
    for await (const piece of reader.read({ start, length }, signal)) pieces.push(Buffer.from(piece));
    return Buffer.concat(pieces);
  };
  /** Misbehaves on the data requests of these numbers, from 1. */
  const onRead = (answers: Readonly<Record<number, Misbehaviour>>): NonNullable<ImageServerOptions["misbehave"]> => {
    let reads = 0;
    return ({ method, path }) => {
      if (method !== "GET" || path.includes("extents")) return undefined;
      reads += 1;
      return answers[reads];
    };
  };

  it("asks on a new connection for what a short body lacks", async () => {
    const server = await serve({
      misbehave: onRead({ 1: { kind: "short", bytes: 70_000 }, 2: { kind: "short", bytes: 1 } }),
    });
    expect((await read(server)).equals(disk)).toBe(true);
    expect(server.requests.map(({ range }) => range)).toEqual([
      `bytes=0-${disk.byteLength - 1}`,
      `bytes=70000-${disk.byteLength - 1}`,
      `bytes=70001-${disk.byteLength - 1}`,
    ]);
  });

  it("gives up when two bodies in a row end without a byte", async () => {
    const server = await serve({ misbehave: onRead({ 1: { kind: "reset" }, 2: { kind: "reset" } }) });
    await expect(read(server)).rejects.toMatchObject({ code: "DISK_READ_FAILED" });
  });

  it("takes a new connection after a 500, once", async () => {
    const good = await serve({ misbehave: onRead({ 1: { kind: "status", status: 500 } }) });
    expect((await read(good)).equals(disk)).toBe(true);
    const bad = await serve({
      misbehave: onRead({ 1: { kind: "status", status: 500 }, 2: { kind: "status", status: 500 } }),
    });
    await expect(read(bad)).rejects.toMatchObject({ code: "DISK_READ_FAILED" });
    expect(bad.requests).toHaveLength(2);
  });

  it("never repeats what the ticket no longer allows, and does not tell the ticket", async () => {
    const server = await serve({
      misbehave: onRead({
        1: { kind: "status", status: 403, text: "No such ticket 0f7c1a52-1111-4222-8333-444455556666" },
      }),
    });
    const failure: unknown = await read(server).catch((caught: unknown) => caught);
    expect(failure).toMatchObject({ code: "TICKET_REFUSED" });
    expect(String(failure)).not.toContain("0f7c1a52");
    expect(server.requests).toHaveLength(1);
  });

  it("repeats a request once whose connection was reset while it rested", async () => {
    const server = await serve();
    await using reader = readerOf(server, disk.byteLength);
    const first = await Array.fromAsync(reader.read({ start: 0, length: 512 }, signal));
    expect(first.length).toBeGreaterThan(0);
    server.cutConnections();
    const pieces = await Array.fromAsync(reader.read({ start: 512, length: 512 }, signal), (piece) =>
      Buffer.from(piece),
    );
    expect(Buffer.concat(pieces).equals(disk.subarray(512, 1024))).toBe(true);
  });

  it("uses one connection for everything that one reader asks", async () => {
    const server = await serve();
    await using reader = readerOf(server, disk.byteLength);
    await Array.fromAsync(reader.extents("zero", signal));
    for (let start = 0; start < 10_240; start += 512)
      await Array.fromAsync(reader.read({ start, length: 512 }, signal));
    expect(server.mostConnections()).toBe(1);
  });

  it("says that a disk has no dirty context", async () => {
    const server = await serve();
    await using reader = readerOf(server, disk.byteLength);
    await expect(Array.fromAsync(reader.extents("dirty", signal))).rejects.toMatchObject({
      code: "FAILED_PRECONDITION",
    });
  });

  it("refuses extents that leave a gap", async () => {
    const gap = [
      { start: 0, length: 512, zero: false, dirty: false },
      { start: 1024, length: disk.byteLength - 1024, zero: false, dirty: false },
    ];
    const server = await serve({ extents: { zero: gap } });
    await using reader = readerOf(server, disk.byteLength);
    await expect(Array.fromAsync(reader.extents("zero", signal))).rejects.toMatchObject({ code: "DISK_READ_FAILED" });
  });

  it("trusts no certificate but those that the anchor signed", async () => {
    const server = await serve();
    const other = await makeTestIdentity();
    await using reader = new ImageReader(
      { endpoint: { ...server.endpoint, anchorPem: other.cert }, sizeBytes: disk.byteLength, hasExtents: true },
      systemClock,
    );
    await expect(Array.fromAsync(reader.read({ start: 0, length: 512 }, signal))).rejects.toMatchObject({
      code: "ENGINE_UNTRUSTED",
    });
  });

  it("trusts no certificate of another name", async () => {
    const elsewhere = await makeTestIdentity("DNS:elsewhere.example");
    const server = await serve({ identity: elsewhere });
    await expect(read(server, 0, 512)).rejects.toMatchObject({ code: "ENGINE_UNTRUSTED" });
  });

  it.each([
    ["OPTIONS", false],
    ["GET", true],
  ])("sends %s over a connection that rests, so that the ticket lives on", async (method, restsByReading) => {
    const server = await serve();
    const rests: (() => void)[] = [];
    const clock = {
      ...systemClock,
      after: (_ms: number, callback: () => void) => (rests.push(callback), () => undefined),
    };
    await using reader = new ImageReader(
      { endpoint: { ...server.endpoint, restsByReading }, sizeBytes: disk.byteLength, hasExtents: true },
      clock,
    );
    await Array.fromAsync(reader.read({ start: 0, length: 512 }, signal));
    rests.at(-1)?.();
    await expect.poll(() => server.requests.length).toBe(2);
    expect(server.requests[1]).toMatchObject({ method, range: restsByReading ? "bytes=0-0" : undefined });
    expect(server.mostConnections()).toBe(1);
  });
});
