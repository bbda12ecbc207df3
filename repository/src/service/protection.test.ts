import { rm } from "node:fs/promises";
import {
  type PointSummary,
  ProtectPointRequest_Change as Change,
} from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { describe, expect, it } from "vitest";
import { createSettableClock, type SettableClock } from "../testing/settable-clock.ts";
import { fullDisk } from "../testing/synthetic-disk.ts";
import { openReading } from "../testing/test-reader.ts";
import { openTestServer, type TestServer, testChunkSize } from "../testing/test-server.ts";
import { TestWriter } from "../testing/test-writer.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const disk = fullDisk("disk", 2, 1, testChunkSize);
type Overrides = Parameters<typeof openTestServer>[0];

/** A server with a clock that the test moves, and points of one VM in it. */
const serve = async (time: SettableClock, overrides: Overrides, taskIds: readonly string[] = []) => {
  const server = await openTestServer(overrides, { deps: { clock: time.clock } });
  await backUp(server, taskIds);
  return server;
};

const backUp = async ({ client, repositoryId }: TestServer, taskIds: readonly string[]): Promise<void> => {
  const writer = new TestWriter(client, repositoryId);
  for (const taskId of taskIds) await writer.backup({ taskId, disks: [disk] });
};

const remove = async ({ client }: TestServer, pointId: string): Promise<PointSummary | undefined> =>
  (await client.removePoint({ pointId, belowFloor: true, reason: "test" })).point;

const listed = async ({ client }: TestServer): Promise<string[]> => {
  const points: string[] = [];
  for await (const { point } of client.listPoints({})) points.push(point?.pointId ?? "");
  return points;
};

describe("a removed point", () => {
  it("comes back within the undelete period, readable, and is gone after it", async () => {
    const time = createSettableClock();
    await using server = await serve(time, {}, ["a", "b"]);
    const { client } = server;
    const removed = await remove(server, "a");
    expect(Number(removed?.undeleteUntilMs)).toBe(Number(removed?.removedMs) + 72 * hourMs);
    await remove(server, "b");

    await time.pass(72 * hourMs - 1);
    const { point } = await client.undeletePoint({ pointId: "a" });
    expect(point).toMatchObject({ removedMs: 0n, undeleteUntilMs: 0n, isGone: false });
    expect((await client.undeletePoint({ pointId: "a" })).point).toEqual(point);
    await using _reading = await openReading(client, "a");
    await time.pass(1);
    await expect(client.undeletePoint({ pointId: "b" })).rejects.toMatchObject({ code: "POINT_NOT_FOUND" });
    expect((await remove(server, "b"))?.isGone).toBe(true);
    expect(await listed(server)).toEqual(["a"]);
  });

  it("can be brought back for as long as its server is told, also by a server that starts later, without an index", async () => {
    const time = createSettableClock();
    await using server = await serve(time, { undeleteHours: 2 }, ["a"]);
    await remove(server, "a");
    await server.server[Symbol.asyncDispose]();
    await time.pass(hourMs);
    const { folder } = server;
    await rm(server.config.indexPath);
    const later = { create: false, undeleteHours: 2 };
    await using next = await openTestServer(later, { folder, deps: { clock: time.clock } });
    expect((await next.client.undeletePoint({ pointId: "a" })).point).toMatchObject({ removedMs: 0n });
    await next.server[Symbol.asyncDispose]();
    await using last = await openTestServer(later, { folder, deps: { clock: time.clock } });
    expect(await listed(last)).toEqual(["a"]);
  });

  it("does not become gone while deletion is suspended", async () => {
    const time = createSettableClock();
    await using server = await serve(time, {}, ["a"]);
    const { client } = server;
    await remove(server, "a");
    time.jump(100 * dayMs);

    expect((await client.getRepository({})).deletionSuspended).toContain("2400 h ahead");
    expect((await remove(server, "a"))?.isGone).toBe(false);
    expect(await client.confirmClock({})).toMatchObject({ deletionSuspended: "" });
    expect((await remove(server, "a"))?.isGone).toBe(true);
  });
});

describe("a protected point", () => {
  it("is not removed by anybody until that is lifted", async () => {
    const time = createSettableClock();
    await using server = await serve(time, { floor: 1 }, ["a", "b"]);
    const { client } = server;
    const protect = { pointId: "a", change: Change.FOR_EVER, reason: "audit" };
    const { point } = await client.protectPoint(protect);
    expect(point).toMatchObject({ protectedReason: "audit", immutableUntilMs: 0n });
    expect((await client.protectPoint({ ...protect, reason: "again" })).point).toEqual(point);

    await expect(remove(server, "a")).rejects.toMatchObject({ code: "POINT_PROTECTED" });
    await client.protectPoint({ pointId: "a", change: Change.LIFTED });
    await remove(server, "a");

    await expect(client.protectPoint(protect)).rejects.toMatchObject({ code: "POINT_NOT_FOUND" });
    await expect(client.removePoint({ pointId: "b" })).rejects.toMatchObject({ code: "BELOW_FLOOR" });
  });

  it("until a time is immutable: nobody lifts or shortens it, it is only lengthened", async () => {
    const time = createSettableClock();
    await using server = await serve(time, {}, ["a"]);
    const { client } = server;
    const startMs = time.clock.nowMs();
    const until = (ms: number) =>
      client.protectPoint({ pointId: "a", change: Change.UNTIL, untilMs: BigInt(startMs + ms) });
    await until(dayMs);

    await expect(until(hourMs)).rejects.toMatchObject({ code: "POINT_IMMUTABLE" });
    await client.protectPoint({ pointId: "a", change: Change.FOR_EVER });
    await client.protectPoint({ pointId: "a", change: Change.LIFTED });
    await expect(remove(server, "a")).rejects.toMatchObject({ code: "POINT_IMMUTABLE" });
    expect((await until(2 * dayMs)).point?.immutableUntilMs).toBe(BigInt(startMs + 2 * dayMs));
    await time.pass(2 * dayMs - 1);
    await expect(remove(server, "a")).rejects.toMatchObject({ code: "POINT_IMMUTABLE" });
    await time.pass(1);
    expect(await remove(server, "a")).toMatchObject({ isGone: false });
  });

  it("takes no time that is past, farther than 30 years ahead, or without the change that needs it", async () => {
    const time = createSettableClock();
    await using server = await serve(time, {}, ["a"]);
    const refused = async (change: Change, untilMs: number): Promise<void> => {
      const asked = server.client.protectPoint({ pointId: "a", change, untilMs: BigInt(untilMs) });
      await expect(asked).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    };
    const nowMs = time.clock.nowMs();
    await refused(Change.UNTIL, 0);
    await refused(Change.UNTIL, nowMs);
    await refused(Change.UNTIL, nowMs + 31 * 366 * dayMs);
    await refused(Change.FOR_EVER, nowMs + dayMs);
    await refused(Change.UNSPECIFIED, 0);
  });
});

describe("an immutable point", () => {
  it("has its lock in its own object, which no later configuration shortens", async () => {
    const time = createSettableClock();
    await using server = await serve(time, { immutabilityDays: 10 }, ["a"]);
    const { folder } = server;
    const { committedMs, immutableUntilMs } = await only(server);
    expect(Number(immutableUntilMs - committedMs)).toBe(10 * dayMs);
    await server.server[Symbol.asyncDispose]();

    await using next = await openTestServer(
      { create: false, immutabilityDays: 0 },
      { folder, deps: { clock: time.clock } },
    );
    await backUp(next, ["b"]);
    await expect(remove(next, "a")).rejects.toMatchObject({ code: "POINT_IMMUTABLE" });
    await remove(next, "b");
    // A clock that is set ahead while it runs ends nothing.
    time.jump(20 * dayMs);
    await expect(remove(next, "a")).rejects.toMatchObject({ code: "POINT_IMMUTABLE" });
  });

  it("is not older for a server whose clock starts years ahead", async () => {
    const time = createSettableClock();
    await using server = await serve(time, { immutabilityDays: 10 }, ["a"]);
    const { folder } = server;
    await server.server[Symbol.asyncDispose]();
    time.jump(1000 * dayMs);
    await using next = await openTestServer({ create: false }, { folder, deps: { clock: time.clock } });

    await expect(remove(next, "a")).rejects.toMatchObject({ code: "POINT_IMMUTABLE" });
    await time.pass(23 * hourMs);
    await expect(remove(next, "a")).rejects.toMatchObject({ code: "POINT_IMMUTABLE" });
    expect((await next.client.getRepository({})).deletionSuspended).toContain("1 h of uptime");
  });
});

const only = async ({ client }: TestServer): Promise<PointSummary> => {
  for await (const { point } of client.listPoints({})) if (point) return point;
  throw new Error("no point");
};
