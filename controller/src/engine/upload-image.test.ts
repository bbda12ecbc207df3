import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ServerCertificate, type TestCa, makeCa } from "./testing/certificates.ts";
import { uploadImage } from "./upload-image.ts";

const MiB = 2 ** 20;
const never = new AbortController().signal;
let ca: TestCa;
let certificate: ServerCertificate;
let folder: string;
beforeAll(async () => {
  ca = await makeCa("the engine's CA");
  certificate = await ca.issue();
  folder = await mkdtemp(join(tmpdir(), "hf-up-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** A server that writes what it is sent into a disk of zeroes. */
const startImageio = async (status = 200) => {
  const disk = Buffer.alloc(16 * MiB);
  const seen: string[] = [];
  const server = createServer({ cert: certificate.cert, key: certificate.key }, (message, response) => {
    const parts: Buffer[] = [];
    message.on("data", (part: Buffer) => parts.push(part));
    message.on("end", () => {
      const body = Buffer.concat(parts);
      const start = Number(/bytes (\d+)-/.exec(message.headers["content-range"] ?? "")?.[1] ?? 0);
      seen.push(message.method === "PUT" ? `PUT ${message.url} ${start} ${body.length}` : body.toString());
      if (message.method === "PUT") body.copy(disk, start);
      response.writeHead(status).end(status === 200 ? "" : "Ticket is expired");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/images/secret-ticket`;
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url, disk, seen, [Symbol.asyncDispose]: close };
};

const imageOf = async (bytes: Buffer): Promise<string> => {
  const file = join(folder, "image.raw");
  await writeFile(file, bytes);
  return file;
};

test("an image is written whole, its zeroes left out, and flushed at the end", async () => {
  await using imageio = await startImageio();
  const image = Buffer.alloc(13 * MiB + 512);
  image.fill("first", 0, 4_096);
  image.fill("last", 13 * MiB);
  await uploadImage({ file: await imageOf(image), urls: [imageio.url], anchorPem: ca.cert }, never);
  expect(imageio.disk.subarray(0, image.length).equals(image)).toBe(true);
  expect(imageio.seen).toEqual([
    `PUT /images/secret-ticket?flush=n 0 ${4 * MiB}`,
    `PUT /images/secret-ticket?flush=n ${12 * MiB} ${MiB + 512}`,
    '{"op":"flush"}',
  ]);
});

test("a host that the controller does not reach is left for the engine's proxy", async () => {
  await using imageio = await startImageio();
  const urls = ["https://127.0.0.1:1/images/secret-ticket", imageio.url];
  await uploadImage({ file: await imageOf(Buffer.from("x")), urls, anchorPem: ca.cert }, never);
  expect(imageio.disk.subarray(0, 1).toString()).toBe("x");
});

test("a refusal fails it with imageio's words and without the ticket; another CA is not trusted", async () => {
  await using imageio = await startImageio(403);
  const file = await imageOf(Buffer.from("x"));
  const refused = await uploadImage({ file, urls: [imageio.url], anchorPem: ca.cert }, never).catch((caught) => caught);
  expect(refused).toMatchObject({ code: "DISK_WRITE_FAILED", message: expect.stringContaining("Ticket is expired") });
  expect(String(refused)).not.toContain("secret-ticket");
  const other = await makeCa("somebody else");
  await expect(uploadImage({ file, urls: [imageio.url], anchorPem: other.cert }, never)).rejects.toMatchObject({
    code: "ENGINE_UNTRUSTED",
  });
});
