import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:tls";
import { Client } from "undici";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ImageioLab, openImageioLab } from "./testing/imageio-lab.ts";

const MiB = 1024 * 1024;

let lab: ImageioLab;
beforeEach(async () => {
  lab = await openImageioLab();
});
afterEach(async () => {
  await lab[Symbol.asyncDispose]();
});

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

const ask = async (
  client: Client,
  method: "GET" | "PUT" | "PATCH" | "OPTIONS" | "DELETE",
  path: string,
  more: { readonly headers?: Record<string, string>; readonly body?: Buffer | string } = {},
): Promise<Answer> => {
  const { statusCode, headers, body } = await client.request({ method, path, ...more });
  return { status: statusCode, headers, body: Buffer.from(await body.arrayBuffer()) };
};

const range = (first: number, last: number): { readonly headers: Record<string, string> } => ({
  headers: { range: `bytes=${first}-${last}` },
});

describe("OPTIONS", () => {
  it("tells of a read ticket what it allows, and where the unix socket is", async () => {
    await lab.addTicket();
    const answer = await ask(lab.client(), "OPTIONS", "/images/T");
    expect(answer.headers["allow"]).toBe("OPTIONS,GET");
    expect(JSON.parse(answer.body.toString())).toEqual({
      unix_socket: lab.unixSocket,
      features: ["checksum", "extents"],
      max_readers: 8,
      max_writers: 8,
    });
  });

  it("needs no ticket to probe, nor does the version", async () => {
    const client = lab.client();
    expect((await ask(client, "OPTIONS", "/images/*")).headers["allow"]).toBe("OPTIONS,GET,PUT,PATCH");
    expect(JSON.parse((await ask(client, "GET", "/info/")).body.toString())).toEqual({ version: "2.5.3" });
  });
});

describe("GET", () => {
  it("answers a range, the rest, the whole and nothing, and counts what it served", async () => {
    await lab.addTicket({ filename: "d.raw" });
    const client = lab.client();
    const part = await ask(client, "GET", "/images/T", range(MiB - 5, 4 * MiB + 6));
    expect([part.status, part.headers["content-range"]]).toEqual([
      206,
      `bytes ${MiB - 5}-${4 * MiB + 6}/${lab.sizeBytes}`,
    ]);
    expect(part.headers["content-disposition"]).toBe("attachment; filename=d.raw");
    expect(part.body.equals(lab.content.subarray(MiB - 5, 4 * MiB + 7))).toBe(true);
    const rest = await ask(client, "GET", "/images/T", { headers: { range: `bytes=${lab.sizeBytes - 512}-` } });
    expect([rest.status, rest.body.length]).toEqual([206, 512]);
    const nothing = await ask(client, "GET", "/images/T", { headers: { range: `bytes=${lab.sizeBytes}-` } });
    expect([nothing.status, nothing.body.length]).toEqual([206, 0]);
    const whole = await ask(client, "GET", "/images/T");
    expect([whole.status, whole.body.equals(lab.content)]).toEqual([200, true]);
    expect(lab.host.tickets.counters().get("T")).toMatchObject({
      requests: 4,
      bytesRead: 3 * MiB + 12 + 512 + lab.sizeBytes,
    });
    expect(lab.host.tickets.status("T")).toMatchObject({
      transferredBytes: lab.sizeBytes,
      connections: 1,
      active: false,
    });
  });

  it("works over the host's unix socket", async () => {
    await lab.addTicket();
    const client = new Client("http://localhost", { socketPath: lab.unixSocket });
    const answer = await ask(client, "GET", "/images/T", range(0, 65535));
    await client.close();
    expect(answer.body.equals(lab.content.subarray(0, 65536))).toBe(true);
  });

  it("tells extents by zero, and by change where the ticket has it", async () => {
    await lab.layer.startCapture({
      kind: "cold",
      id: "1",
      disks: [{ diskId: "d", volumeId: "v", newCheckpointId: "c1" }],
    });
    await lab.layer.endCapture("1");
    {
      await using _ = await lab.addTicket({ id: "W", operation: "write" });
      const client = lab.client();
      await ask(client, "PUT", "/images/W", {
        body: randomBytes(65536),
        headers: { "content-range": "bytes 65536-/*" },
      });
      await ask(client, "PATCH", "/images/W", { body: JSON.stringify({ op: "zero", offset: 2 * MiB, size: MiB }) });
      await lab.host.tickets.remove("W");
    }
    await lab.layer.startCapture({ kind: "cold", id: "2", disks: [{ diskId: "d", volumeId: "v", since: ["c1"] }] });
    const source = await lab.layer.openCaptureExport("2", "d");
    lab.addTicketOf(source.address, { dirty: true });
    const client = lab.client();
    const zero = await ask(client, "GET", "/images/T/extents");
    expect(JSON.parse(zero.body.toString())).toEqual([
      { start: 0, length: 2 * MiB, zero: false, hole: false },
      { start: 2 * MiB, length: MiB, zero: true, hole: false },
      { start: 3 * MiB, length: lab.sizeBytes - 3 * MiB, zero: true, hole: true },
    ]);
    const dirty = await ask(client, "GET", "/images/T/extents?context=dirty");
    expect(JSON.parse(dirty.body.toString())).toEqual([
      { start: 0, length: 65536, dirty: false, zero: false },
      { start: 65536, length: 65536, dirty: true, zero: false },
      { start: 131072, length: 2 * MiB - 131072, dirty: false, zero: false },
      { start: 2 * MiB, length: MiB, dirty: true, zero: true },
      { start: 3 * MiB, length: lab.sizeBytes - 3 * MiB, dirty: false, zero: true },
    ]);
    await lab.layer.endCapture("2");
  });

  it("hashes the hashes of blocks", async () => {
    await lab.addTicket();
    const client = lab.client();
    const answer = await ask(client, "GET", `/images/T/checksum?algorithm=sha256&block_size=${MiB}`);
    const whole = createHash("sha256");
    for (let at = 0; at < lab.sizeBytes; at += MiB) {
      whole.update(
        createHash("sha256")
          .update(lab.content.subarray(at, at + MiB))
          .digest(),
      );
    }
    const expected = { algorithm: "sha256", block_size: MiB, checksum: whole.digest("hex") };
    expect(JSON.parse(answer.body.toString())).toEqual(expected);
    expect((await ask(client, "GET", "/images/T/checksum?algorithm=crc")).status).toBe(400);
    // What is not asked for is BLAKE2b of 32 bytes, in blocks of 4 MiB.
    expect(JSON.parse((await ask(client, "GET", "/images/T/checksum")).body.toString())).toEqual({
      algorithm: "blake2b",
      block_size: 4 * MiB,
      checksum: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });
});

describe("a write ticket", () => {
  it("takes contents and zeroes, flushes, and reads back", async () => {
    await lab.addTicket({ operation: "write" });
    const client = lab.client();
    const bytes = randomBytes(5 * MiB + 512);
    const put = await ask(client, "PUT", "/images/T?flush=n", {
      body: bytes,
      headers: { "content-range": `bytes ${MiB}-1/*` },
    });
    expect([put.status, put.body.length]).toEqual([200, 0]);
    const patch = JSON.stringify({ op: "zero", offset: 4 * MiB, size: MiB, flush: true });
    expect((await ask(client, "PATCH", "/images/T", { body: patch })).status).toBe(200);
    expect((await ask(client, "PATCH", "/images/T", { body: '{"op":"flush"}' })).status).toBe(200);
    const expected = Buffer.from(lab.content);
    bytes.copy(expected, MiB);
    expected.fill(0, 4 * MiB, 5 * MiB);
    expect((await ask(client, "GET", "/images/T")).body.equals(expected)).toBe(true);
    expect(lab.host.tickets.status("T")).toMatchObject({
      transferredBytes: 5 * MiB + 512,
      served: { bytesWritten: 5 * MiB + 512, bytesZeroed: MiB },
    });
  });
});

interface Refused {
  readonly method: "GET" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly more?: { readonly headers?: Record<string, string>; readonly body?: string };
  readonly status: number;
  readonly text: string;
}

const refused: readonly Refused[] = [
  {
    method: "GET",
    path: "/images/none",
    status: 403,
    text: "You are not allowed to access this resource: No such ticket none",
  },
  {
    method: "PUT",
    path: "/images/T",
    more: { body: "x" },
    status: 403,
    text: "You are not allowed to access this resource: Transfer=TR forbids write",
  },
  {
    method: "GET",
    path: "/images/T",
    more: range(0, 99_999_999),
    status: 416,
    text: "Requested range not satisfiable",
  },
  {
    method: "GET",
    path: "/images/T/extents?context=dirty",
    status: 404,
    text: "Ticket does not support dirty extents",
  },
  { method: "GET", path: "/images/T/extents?context=other", status: 400, text: "Invalid context" },
  { method: "GET", path: "/images/T", status: 500, text: "Server failed to perform the request, check logs" },
  { method: "GET", path: "/elsewhere", status: 404, text: "No handler" },
  { method: "DELETE", path: "/images/T", status: 405, text: "Method DELETE not allowed" },
  { method: "GET", path: `/images/${"x".repeat(4096)}`, status: 414, text: "Request-URI too long" },
  {
    method: "PUT",
    path: "/images/W",
    more: { body: "x", headers: { "content-range": "pages 1" } },
    status: 400,
    text: "Invalid Content-Range",
  },
  {
    method: "PUT",
    path: "/images/W",
    more: { body: "x", headers: { "content-range": "bytes 99999999-/*" } },
    status: 416,
    text: "Requested range",
  },
  {
    method: "PATCH",
    path: "/images/W",
    more: { body: '{"op":"zero"}' },
    status: 400,
    text: "Missing required value for 'size'",
  },
  {
    method: "PATCH",
    path: "/images/W",
    more: { body: '{"op":"trim"}' },
    status: 400,
    text: "Unsupported value 'trim' for 'op'",
  },
  {
    method: "PATCH",
    path: "/images/W",
    more: { body: '{"op":"zero","size":99999999}' },
    status: 416,
    text: "Requested range",
  },
];

describe("a write that the volume refuses", () => {
  it("is a 500, not a cut connection", async () => {
    const source = await lab.layer.openVolumeExport("v", { mode: "read" });
    lab.addTicketOf(source.address, { operation: "write" });
    const client = lab.client();
    const put = await ask(client, "PUT", "/images/T", { body: Buffer.alloc(3 * MiB, 1) });
    const patch = await ask(client, "PATCH", "/images/T", { body: JSON.stringify({ op: "zero", size: MiB }) });
    expect([put.status, patch.status]).toEqual([500, 500]);
    expect(lab.host.tickets.counters().get("T")).toMatchObject({ bytesWritten: 0, bytesZeroed: 0 });
  });
});

describe("a request is refused", () => {
  it.each(refused)("$status: $text", async ({ method, path, more, status, text }) => {
    const nowhere = { socketPath: "/nowhere", exportName: "" };
    lab.addTicketOf(nowhere);
    lab.addTicketOf(nowhere, { id: "W", operation: "write" });
    const answer = await ask(lab.client(), method, path, more);
    expect([answer.status, answer.body.toString()]).toEqual([status, expect.stringContaining(text)]);
  });

  it("without a length a PUT is none, a HEAD is answered with a body, and the connection of a wrong PUT is closed", async () => {
    await lab.addTicket({ operation: "write" });
    const raw = async (text: string): Promise<string> => {
      const socket = connect({ port: lab.host.port, host: "127.0.0.1", ca: lab.identity.cert });
      let got = "";
      socket.on("data", (bytes) => {
        got += bytes.toString();
        if (got.includes("HEAD not allowed")) socket.end();
      });
      socket.write(text);
      await once(socket, "close");
      return got;
    };
    const chunked = await raw("PUT /images/T HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n");
    expect(chunked).toMatch(/^HTTP\/1.1 400 [^]*connection: close[^]*Content-Length header is required$/i);
    expect(await raw("HEAD /images/T HTTP/1.1\r\nHost: x\r\n\r\n")).toMatch(
      /^HTTP\/1.1 405 [^]*Method HEAD not allowed$/,
    );
  });
});
