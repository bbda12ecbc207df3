import { systemClock } from "@holdfast/shared/clock/clock";
import { describe, expect, it } from "vitest";
import { ImageWriter } from "./image-writer.ts";
import { type ImageServerOptions, openImageServer } from "./testing/image-server.ts";
import { makeTestIdentity } from "./testing/test-identity.ts";

const { signal } = new AbortController();

const serve = async (options: Partial<ImageServerOptions> = {}) => {
  const disk = Buffer.alloc(1024 * 1024);
  const server = await openImageServer({ identity: await makeTestIdentity(), disk, ...options });
  return { disk, server, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
};

describe("writing through imageio", () => {
  it("writes where it is told without a flush, and flushes when it is told", async () => {
    await using served = await serve();
    await using writer = new ImageWriter(served.server.endpoint, systemClock);
    await writer.write(4096, Buffer.alloc(512, 7), signal);
    await writer.flush(signal);
    expect(served.disk.subarray(4096, 4608).equals(Buffer.alloc(512, 7))).toBe(true);
    expect(served.disk.subarray(4608).every((byte) => byte === 0)).toBe(true);
    expect(served.server.requests.map(({ method, path }) => [method, path.split("?")[1]])).toEqual([
      ["PUT", "flush=n"],
      ["PATCH", undefined],
    ]);
  });

  it("gives a disk up whose server failed, for what was not flushed may be lost", async () => {
    await using served = await serve({ misbehave: () => ({ kind: "status", status: 500 }) });
    await using writer = new ImageWriter(served.server.endpoint, systemClock);
    await expect(writer.write(0, Buffer.alloc(512), signal)).rejects.toMatchObject({ code: "DISK_WRITE_FAILED" });
    expect(served.server.requests).toHaveLength(1);
  });

  it("says when the ticket is refused", async () => {
    await using served = await serve({ misbehave: () => ({ kind: "status", status: 403 }) });
    await using writer = new ImageWriter(served.server.endpoint, systemClock);
    await expect(writer.write(0, Buffer.alloc(512), signal)).rejects.toMatchObject({ code: "TICKET_REFUSED" });
  });
});
