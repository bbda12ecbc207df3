import { randomBytes } from "node:crypto";
import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type NbdConnection, openNbd } from "./connection.ts";
import { walkExtents, type NbdExtent } from "./extents.ts";
import { qemu, startQemuNbd, startStorageDaemon } from "./testing/qemu-servers.ts";

const MiB = 1024 * 1024;
const allocation = "base:allocation";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "hf-nbd-"));
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

const image = async (name: string, sizeBytes: number): Promise<string> => {
  const path = join(dir, name);
  await qemu("qemu-img", "create", "-q", "-f", "qcow2", path, String(sizeBytes));
  return path;
};

const readAll = async (connection: NbdConnection, offset: number, length: number): Promise<Buffer> => {
  const target = Buffer.alloc(length, 0xee);
  await connection.read(target, offset);
  return target;
};

const extentsOf = async (connection: NbdConnection, ...contexts: string[]): Promise<NbdExtent[]> => {
  const extents: NbdExtent[] = [];
  const range = { offset: 0, length: connection.sizeBytes };
  for await (const extent of walkExtents(connection, contexts, range)) extents.push(extent);
  return extents;
};

describe("an NBD connection to qemu-nbd", () => {
  it("reads back what it wrote, zeroed and discarded, and tells the size", async () => {
    const path = await image("a.qcow2", 16 * MiB);
    await using server = await startQemuNbd(join(dir, "s"), "-f", "qcow2", "--discard=unmap", "-x", "disk", path);
    await using connection = await openNbd({ socketPath: server.socketPath, exportName: "disk" });
    const content = randomBytes(3 * MiB);
    await connection.write(content, 64 * 1024);
    await connection.writeZeroes(MiB, 128 * 1024);
    await connection.trim(2 * MiB, 64 * 1024);
    await connection.flush();
    content.fill(0, MiB - 64 * 1024, MiB + 64 * 1024);
    content.fill(0, 2 * MiB - 64 * 1024, 2 * MiB);
    expect(connection.sizeBytes).toBe(16 * MiB);
    expect(connection.readOnly).toBe(false);
    expect((await readAll(connection, 64 * 1024, 3 * MiB)).equals(content)).toBe(true);
    expect((await readAll(connection, 8 * MiB, 4096)).every((byte) => byte === 0)).toBe(true);
  });

  it("splits requests larger than the server takes", async () => {
    const path = join(dir, "big.raw");
    await writeFile(path, "");
    await truncate(path, 80 * MiB);
    await using server = await startQemuNbd(join(dir, "s"), "-f", "raw", "-x", "", path);
    await using connection = await openNbd({ socketPath: server.socketPath, exportName: "" });
    const content = Buffer.alloc(70 * MiB, randomBytes(4096));
    await connection.write(content, 512);
    expect((await readAll(connection, 512, content.length)).equals(content)).toBe(true);
  });

  it("answers many overlapping requests each with its own bytes", async () => {
    const path = await image("a.qcow2", 16 * MiB);
    await using server = await startQemuNbd(join(dir, "s"), "-f", "qcow2", "-x", "d", path);
    await using connection = await openNbd({ socketPath: server.socketPath, exportName: "d" });
    const blocks = Array.from({ length: 64 }, (_, index) => ({ at: index * 200_704, bytes: randomBytes(200_704) }));
    await Promise.all(blocks.map(({ at, bytes }) => connection.write(bytes, at)));
    const read = await Promise.all(blocks.map(({ at, bytes }) => readAll(connection, at, bytes.length)));
    expect(read.every((bytes, index) => blocks[index]?.bytes.equals(bytes))).toBe(true);
  });

  it("tells allocation, depth and dirty blocks, in contexts chosen from those offered", async () => {
    const path = await image("a.qcow2", 4 * MiB);
    await qemu("qemu-img", "bitmap", "--add", path, "since");
    await qemu("qemu-io", "-f", "qcow2", "-c", "write 64k 128k", "-c", "write -z 1M 64k", path);
    const args = ["-r", "-A", "-B", "since", "-f", "qcow2", "-x", "d"];
    await using server = await startQemuNbd(join(dir, "s"), ...args, path);
    const bitmap = "qemu:dirty-bitmap:since";
    await using connection = await openNbd(
      { socketPath: server.socketPath, exportName: "d" },
      { contexts: (offered) => offered.toSorted() },
    );
    expect(connection.contexts).toEqual([allocation, "qemu:allocation-depth", bitmap]);
    expect(connection.readOnly).toBe(true);
    expect(await extentsOf(connection, bitmap)).toEqual([
      { offset: 0, length: 65536, flags: [0] },
      { offset: 65536, length: 131072, flags: [1] },
      { offset: 196608, length: 851968, flags: [0] },
      { offset: 1048576, length: 65536, flags: [1] },
      { offset: 1114112, length: 3080192, flags: [0] },
    ]);
    expect(await extentsOf(connection, allocation, bitmap)).toContainEqual({
      offset: 65536,
      length: 131072,
      flags: [0, 1],
    });
    expect(await extentsOf(connection, allocation, bitmap)).toContainEqual({
      offset: 1048576,
      length: 65536,
      flags: [3, 1],
    });
  });

  it("passes an error of the server on, and goes on working", async () => {
    const path = await image("a.qcow2", MiB);
    await using server = await startQemuNbd(join(dir, "s"), "-r", "-f", "qcow2", "-x", "d", path);
    await using connection = await openNbd({ socketPath: server.socketPath, exportName: "d" });
    await expect(connection.write(Buffer.alloc(512), 0)).rejects.toMatchObject({ code: "DISK_WRITE_FAILED" });
    await expect(readAll(connection, 2 * MiB, 512)).rejects.toMatchObject({ code: "DISK_READ_FAILED" });
    await expect(connection.trim(0, 512)).rejects.toMatchObject({ code: "FAILED_PRECONDITION" });
    expect((await readAll(connection, 0, 512)).equals(Buffer.alloc(512))).toBe(true);
  });

  it("refuses an export that is not there, and a server that is not there", async () => {
    const path = await image("a.qcow2", MiB);
    await using server = await startQemuNbd(join(dir, "s"), "-f", "qcow2", "-x", "d", path);
    const wrong = openNbd({ socketPath: server.socketPath, exportName: "other" });
    await expect(wrong).rejects.toMatchObject({ code: "NOT_FOUND" });
    const nobody = openNbd({ socketPath: join(dir, "none"), exportName: "d" });
    await expect(nobody).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });

  it("fails the requests under way, and later ones, when the server is killed", async () => {
    const path = join(dir, "a.raw");
    await writeFile(path, "");
    await truncate(path, 64 * MiB);
    await using server = await startQemuNbd(join(dir, "s"), "-f", "raw", "-x", "d", path);
    await using connection = await openNbd({ socketPath: server.socketPath, exportName: "d" });
    await readAll(connection, 0, 512);
    server.process.kill("SIGSTOP");
    const under = Promise.allSettled([readAll(connection, 0, 4 * MiB), connection.write(Buffer.alloc(512), 0)]);
    server.process.kill("SIGKILL");
    expect(await under).toMatchObject([
      { reason: { code: "DISK_READ_FAILED" } },
      { reason: { code: "DISK_WRITE_FAILED" } },
    ]);
    await expect(connection.flush()).rejects.toMatchObject({ code: "DISK_WRITE_FAILED" });
  });

  it("ends by its signal while the server keeps it waiting, in the handshake and in a read", async () => {
    const path = await image("a.qcow2", MiB);
    await using server = await startQemuNbd(join(dir, "s"), "--shared=1", "-f", "qcow2", "-x", "d", path);
    const address = { socketPath: server.socketPath, exportName: "d" };
    const first = new AbortController();
    await using connection = await openNbd(address, { signal: first.signal });
    const second = new AbortController();
    const waiting = openNbd(address, { signal: second.signal });
    second.abort();
    await expect(waiting).rejects.toMatchObject({ code: "CANCELLED" });
    server.process.kill("SIGSTOP");
    const reading = readAll(connection, 0, 512);
    first.abort();
    await expect(reading).rejects.toMatchObject({ code: "CANCELLED" });
  });
});

describe("an NBD connection to qemu-storage-daemon", () => {
  it("writes through one export and sees it in another", async () => {
    const path = await image("a.qcow2", 8 * MiB);
    const nodes = [
      "--blockdev",
      `file,node-name=f,filename=${path}`,
      "--blockdev",
      "qcow2,node-name=d,file=f,discard=unmap",
    ];
    const guest = ["--export", "nbd,id=g,node-name=d,name=guest,writable=on"];
    const frozen = ["--export", "nbd,id=r,node-name=d,name=reader"];
    await using server = await startStorageDaemon(join(dir, "s"), ...nodes, ...guest, ...frozen);
    await using writer = await openNbd({ socketPath: server.socketPath, exportName: "guest" });
    await using reader = await openNbd(
      { socketPath: server.socketPath, exportName: "reader" },
      { contexts: (offered) => offered.filter((name) => name === allocation) },
    );
    const content = randomBytes(65536);
    await writer.write(content, MiB, { fua: true });
    expect((await readAll(reader, MiB, 65536)).equals(content)).toBe(true);
    expect(await extentsOf(reader, allocation)).toEqual([
      { offset: 0, length: MiB, flags: [3] },
      { offset: MiB, length: 65536, flags: [0] },
      { offset: MiB + 65536, length: 8 * MiB - MiB - 65536, flags: [3] },
    ]);
  });
});

describe("an NBD connection to something else", () => {
  it.each([
    ["not NBD at all", Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n"), "NBD_PROTOCOL"],
    ["an old style server", Buffer.concat([Buffer.from("NBDMAGIC"), Buffer.alloc(144)]), "NBD_PROTOCOL"],
    ["a server that hangs up", Buffer.from("NBDM"), "UNAVAILABLE"],
  ])("refuses %s", async (_name, greeting, code) => {
    const socketPath = join(dir, "s");
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.end(greeting);
    });
    await new Promise<void>((resolve) => server.listen(socketPath, resolve));
    try {
      await expect(openNbd({ socketPath, exportName: "d" })).rejects.toMatchObject({ code });
    } finally {
      server.close();
    }
  });
});
