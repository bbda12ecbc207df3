import { randomBytes } from "node:crypto";

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";

import { ImageConnection, askRaw } from "./image-connection.ts";
import { type ImageExtent, blockChecksum, extentsOf, jsonOf, optionsOf, sizeOf } from "./image-facts.ts";
import { type ImageioTarget, openTarget, placesOf } from "./target.ts";

const mib = 2 ** 20;

let target: ImageioTarget;
let reader: ImageConnection;
let writer: ImageConnection;
let readSize: number;
let writeSize: number;
let opened: AsyncDisposableStack;

const connectTo = (url: string): ImageConnection => opened.use(new ImageConnection(url, target.ca));

describe.each(placesOf(process.env))("imageio at the %s", (place) => {
  beforeAll(async () => {
    target = await openTarget(place, process.env);
  });
  afterAll(() => target[Symbol.asyncDispose]());

  beforeEach(async () => {
    opened = new AsyncDisposableStack();
    [reader, writer] = [connectTo(target.readUrl), connectTo(target.writeUrl)];
    [readSize, writeSize] = [await sizeOf(reader), await sizeOf(writer)];
  });
  afterEach(() => opened.disposeAsync());

  const put = (body: Buffer, range: string | undefined, query = "") =>
    writer.ask("PUT", { rest: query, body, headers: range === undefined ? {} : { "content-range": range } });
  const patch = (body: unknown) => writer.ask("PATCH", { body: JSON.stringify(body) });
  const written = async (first: number, length: number) => (await writer.range(`${first}-${first + length - 1}`)).body;

  describe("OPTIONS of imageio", () => {
    test("of a read ticket allows reading, with extents and checksum", async () => {
      const { allow, features, max_readers: maxReaders } = await optionsOf(reader);
      expect(new Set(allow)).toEqual(new Set(["OPTIONS", "GET"]));
      expect(features).toEqual(expect.arrayContaining(["extents", "checksum"]));
      expect(features).not.toContain("zero");
      expect(maxReaders).toBeGreaterThan(0);
    });

    test("of a write ticket allows writing too, with zero and flush", async () => {
      const { allow, features } = await optionsOf(writer);
      expect(new Set(allow)).toEqual(new Set(["OPTIONS", "GET", "PUT", "PATCH"]));
      expect(features).toEqual(expect.arrayContaining(["zero", "flush", "extents", "checksum"]));
    });

    test("of no ticket in particular answers, and so does the version", async () => {
      const probe = connectTo(new URL("/images/*", target.readUrl).href);
      expect((await probe.ask("OPTIONS")).status).toBe(200);
      const info = connectTo(new URL("/info/", target.readUrl).href);
      expect(jsonOf(await info.ask("GET"))).toEqual({ version: expect.any(String) });
    });
  });

  describe("GET of imageio", () => {
    test("answers ranges with exactly their bytes, the rest, and none at the very end", async () => {
      const part = await reader.range("512-1535");
      expect([part.status, part.headers["content-range"], part.body.length]).toEqual([
        206,
        `bytes 512-1535/${readSize}`,
        1024,
      ]);
      const rest = await reader.range(`${readSize - 512}-`);
      expect([rest.status, rest.body.length]).toEqual([206, 512]);
      const nothing = await reader.range(`${readSize}-`);
      expect([nothing.status, nothing.body.length]).toEqual([206, 0]);
    });

    test("answers the same bytes by one range and by several", async () => {
      const whole = (await reader.range("0-65535")).body;
      const parts = [await reader.range("0-4095"), await reader.range("4096-40959"), await reader.range("40960-65535")];
      expect(Buffer.concat(parts.map(({ body }) => body)).equals(whole)).toBe(true);
    });

    test("refuses suffixes, several ranges, ranges that end before they begin, and those past the end", async () => {
      for (const range of ["-512", "0-1,4-5", "10-5"]) expect((await reader.range(range)).status, range).toBe(416);
      const past = await reader.range(`0-${readSize}`);
      expect([past.status, past.headers["content-range"]]).toEqual([416, `bytes */${readSize}`]);
    });

    test("closes the connection afterwards when it is asked to", async () => {
      const closing = await reader.ask("GET", { rest: "?close=y", headers: { range: "bytes=0-511" } });
      expect([closing.status, closing.body.length]).toEqual([206, 512]);
      expect(String(closing.headers["connection"]).toLowerCase()).toBe("close");
    });
  });

  const flagsOf = ({ zero, hole, dirty }: ImageExtent): string => `${zero} ${hole} ${dirty}`;

  const expectCover = (extents: readonly ImageExtent[], sizeBytes: number): void => {
    let end = 0;
    for (const [index, extent] of extents.entries()) {
      expect(extent.start).toBe(end);
      expect(extent.length).toBeGreaterThan(0);
      const former = extents[index - 1];
      if (former !== undefined) expect(flagsOf(extent)).not.toBe(flagsOf(former));
      end += extent.length;
    }
    expect(end).toBe(sizeBytes);
  };

  describe("extents of imageio", () => {
    test("cover the image without gaps in order, neighbours differ, and what is zero reads as zeroes", async () => {
      const extents = await extentsOf(reader, "zero");
      expectCover(extents, readSize);
      expect(await extentsOf(reader, "zero")).toEqual(jsonOf(await reader.ask("GET", { rest: "/extents" })));
      for (const { start, length } of extents.filter(({ zero }) => zero === true).slice(0, 4)) {
        const { body } = await reader.range(`${start}-${start + Math.min(length, mib) - 1}`);
        expect(body.equals(Buffer.alloc(body.length))).toBe(true);
      }
    });

    test("know no context but zero and dirty, and dirty only where the ticket has it", async () => {
      const none = await reader.ask("GET", { rest: "/extents?context=dirty" });
      expect([none.status, none.body.toString()]).toEqual([404, expect.stringContaining("dirty extents")]);
      expect((await reader.ask("GET", { rest: "/extents?context=other" })).status).toBe(400);
    });

    test("of an increment tell what changed", async ({ skip }) => {
      if (target.dirtyUrl === undefined) return skip("no ticket of an increment was named");
      const changed = connectTo(target.dirtyUrl);
      const extents = await extentsOf(changed, "dirty");
      expectCover(extents, await sizeOf(changed));
      for (const { dirty } of extents) expect(typeof dirty).toBe("boolean");
    });
  });

  describe("PUT of imageio", () => {
    test("writes where the range begins, as much as the body is, and at the start without one", async () => {
      const body = randomBytes(8192);
      expect((await put(body, "bytes 65536-73727/*")).status).toBe(200);
      expect((await written(65_536, 8192)).equals(body)).toBe(true);
      const longer = randomBytes(4096);
      expect((await put(longer, "bytes 131072-131073/*", "?flush=n")).status).toBe(200);
      expect((await written(131_072, 4096)).equals(longer)).toBe(true);
      expect((await put(longer, undefined, "?flush=n")).status).toBe(200);
      expect((await written(0, 4096)).equals(longer)).toBe(true);
      expect((await patch({ op: "flush" })).status).toBe(200);
    });

    test("refuses ranges past the end and headers that are none", async () => {
      const body = Buffer.alloc(512);
      expect((await put(body, `bytes ${writeSize}-/*`)).status).toBe(416);
      expect((await put(body, "pages 1")).status).toBe(400);
      expect((await put(body, "bytes 0-/*", "?flush=perhaps")).status).toBe(400);
    });

    test("needs a length, and closes the connection when it did not read the body", async () => {
      const head = (path: string) => `PUT ${path} HTTP/1.1\r\nhost: x\r\n`;
      const chunked = await askRaw(
        target.writeUrl,
        target.ca,
        (path) => `${head(path)}transfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n`,
        () => false,
      );
      expect(chunked).toMatch(/^HTTP\/1.1 400/);
      expect(chunked).toContain("Content-Length header is required");
      const beyond = await askRaw(
        target.writeUrl,
        target.ca,
        (path) => `${head(path)}content-length: 5\r\ncontent-range: bytes ${writeSize}-/*\r\n\r\n`,
        () => false,
      );
      expect(beyond).toMatch(/^HTTP\/1.1 416/);
    });

    test("is told to go on before anything is checked", async () => {
      const text = await askRaw(
        target.writeUrl,
        target.ca,
        (path) => `PUT ${path} HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 512\r\n\r\n`,
        (got) => got.includes("\r\n\r\n"),
      );
      expect(text).toMatch(/^HTTP\/1.1 100/);
    });
  });

  describe("PATCH of imageio", () => {
    test("zeroes a range and leaves its neighbours alone", async () => {
      const body = randomBytes(3 * 4096);
      await put(body, "bytes 0-/*");
      expect((await patch({ op: "zero", offset: 4096, size: 4096, flush: true })).status).toBe(200);
      const expected = Buffer.concat([body.subarray(0, 4096), Buffer.alloc(4096), body.subarray(8192)]);
      expect((await written(0, 3 * 4096)).equals(expected)).toBe(true);
    });

    test("needs a size, knows zero and flush, and stays inside", async () => {
      for (const [body, status, text] of [
        [{ op: "zero" }, 400, "size"],
        [{ op: "trim", size: 1 }, 400, "trim"],
        [{ op: "zero", offset: writeSize, size: 512 }, 416, ""],
      ] as const) {
        const answer = await patch(body);
        expect([answer.status, answer.body.toString()]).toEqual([status, expect.stringContaining(text)]);
      }
    });
  });

  describe("what imageio refuses", () => {
    test("a ticket that is not there is 403, never 404, and the connection is closed", async () => {
      const nobody = connectTo(new URL("/images/00000000-0000-4000-8000-000000000000", target.readUrl).href);
      const answer = await nobody.range("0-511");
      expect([answer.status, answer.body.toString()]).toEqual([
        403,
        expect.stringContaining("You are not allowed to access this resource: No such ticket"),
      ]);
      expect(String(answer.headers["connection"]).toLowerCase()).toBe("close");
    });

    test("a ticket whose time is over is 403", async ({ skip }) => {
      if (target.expiredUrl === undefined) return skip("no expired ticket was named");
      const answer = await connectTo(target.expiredUrl).range("0-511");
      expect([answer.status, answer.body.toString()]).toEqual([403, expect.stringContaining("expired")]);
    });

    test("writing with a read ticket is 403", async () => {
      const put403 = await reader.ask("PUT", { body: Buffer.alloc(512) });
      expect([put403.status, put403.body.toString()]).toEqual([403, expect.stringContaining("forbids write")]);
      const patched = await connectTo(target.readUrl).ask("PATCH", { body: '{"op":"flush"}' });
      expect(patched.status).toBe(403);
    });

    test("other methods are 405, other paths 404, and a request line over 4 KiB is 414", async () => {
      expect((await reader.ask("DELETE")).status).toBe(405);
      const elsewhere = connectTo(new URL("/nowhere", target.readUrl).href);
      expect((await elsewhere.ask("GET")).status).toBe(404);
      const long = connectTo(target.readUrl);
      expect((await long.ask("GET", { rest: `?x=${"x".repeat(5000)}` })).status).toBe(414);
    });
  });

  describe("connections of imageio", () => {
    test("one more than the ticket has readers waits until another is closed", async () => {
      // This test's first connection has the volume open already.
      await reader.range("0-511");
      const { max_readers: maxReaders = 1 } = await optionsOf(reader);
      const others = Array.from({ length: maxReaders - 1 }, () => connectTo(target.readUrl));
      for (const one of others) expect((await one.range("0-511")).status).toBe(206);
      let answered = false;
      const late = connectTo(target.readUrl)
        .range("0-511")
        .then(({ status }) => {
          answered = true;
          return status;
        });
      for (let turn = 0; turn < 20; turn += 1) await reader.range("0-511");
      expect(answered).toBe(false);
      await others[0]?.[Symbol.asyncDispose]();
      expect(await late).toBe(206);
    });

    test("a connection serves one request after the other", async () => {
      const first = await reader.range("0-511");
      const second = await reader.ask("GET", { rest: "/extents" });
      expect([first.status, second.status, (await reader.range("512-1023")).status]).toEqual([206, 200, 206]);
    });
  });

  // Last, since it reads every byte: an engine finalizes a download of which every byte was read.
  describe("checksum of imageio", () => {
    test("is the hash of the hashes of blocks", async () => {
      const told = await reader.ask("GET", { rest: `/checksum?algorithm=sha1&block_size=${mib}` });
      const checksum = await blockChecksum(reader, { algorithm: "sha1", sizeBytes: readSize, blockBytes: mib });
      expect(jsonOf(told)).toEqual({ algorithm: "sha1", block_size: mib, checksum });
    });

    test("lists its algorithms, and refuses others and blocks that are no blocks", async () => {
      const { algorithms } = jsonOf(await reader.ask("GET", { rest: "/checksum/algorithms" })) as {
        algorithms: string[];
      };
      expect(algorithms).toEqual(expect.arrayContaining(["blake2b", "sha1"]));
      for (const query of ["algorithm=none", "block_size=4096", "block_size=4194305"]) {
        expect((await reader.ask("GET", { rest: `/checksum?${query}` })).status, query).toBe(400);
      }
    });
  });
});
