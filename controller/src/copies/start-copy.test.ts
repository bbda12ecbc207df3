import { create } from "@bufbuild/protobuf";
import {
  PointHealth,
  type PointSummary,
  PointSummarySchema,
} from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { createFakeClock } from "@holdfast/shared/clock/fake-clock";
import type { SessionId } from "@holdfast/shared/ids/ids";
import { memoryLogger } from "@holdfast/shared/logging/memory-logger";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Database, openDatabase } from "../database/database.ts";
import { findSession } from "../database/sessions-table.ts";
import { listTasksOfSession } from "../database/tasks-table.ts";
import type { RepositoryConnection } from "../repositories/repository-connection.ts";
import { createChangeFeed } from "../sessions/change-feed.ts";
import { stepSession } from "../sessions/step-session.ts";
import type { WorkDeps } from "../sessions/work-deps.ts";
import { pointsUnderCopy } from "./points-under-copy.ts";
import { startCopy } from "./start-copy.ts";

const point = (pointId: string, vmId = "v", engineInstanceId = "e"): PointSummary =>
  create(PointSummarySchema, {
    pointId,
    vm: { engineInstanceId, vmId },
    vmName: vmId,
    capturedMs: 1_000n,
    health: PointHealth.GOOD,
  });

const repository = (name: string, points: readonly PointSummary[]): RepositoryConnection =>
  ({ repositoryId: name, name, listPoints: () => Promise.resolve(points) }) as unknown as RepositoryConnection;

const manager = (managerId: string, engineInstanceId: string, isTold = true) => ({
  record: { managerId, engineInstanceId },
  inventory: isTold ? { vms: [{ id: "v", clusterId: "c2" }], clusters: [{ id: "c1" }, { id: "c2" }] } : undefined,
});

const clock = createFakeClock();
const noSignal = new AbortController().signal;
let database: Database;
beforeEach(async () => {
  database = await openDatabase(":memory:", clock);
});
afterEach(() => database[Symbol.asyncDispose]());

const depsWith = (managers: readonly object[]): WorkDeps =>
  ({
    database,
    clock,
    log: memoryLogger(),
    changes: createChangeFeed(),
    managers: { list: () => managers },
    repositories: { names: { fill: (_: unknown, points: readonly PointSummary[]) => Promise.resolve(points) } },
  }) as unknown as WorkDeps;

const start = (sessionId: string, points: readonly PointSummary[], managers = [manager("m1", "e")], isNamed = false) =>
  startCopy(
    depsWith(managers),
    {
      sessionId: sessionId as SessionId,
      source: repository("main", points),
      target: repository("offsite", []),
      filter: { isOfVm: ({ vmName }) => vmName !== "misspelt", isOfJob: () => true, sinceMs: 0, latest: 0 },
      isNamed,
      codec: "zstd",
      timeZone: "UTC",
    },
    noSignal,
  );

describe("starting a copy", () => {
  it("makes a task of each point, near its VM, which stays free for other work", async () => {
    await start("s1", [point("a"), point("b", "w")]);
    const tasks = await listTasksOfSession(database.queries, "s1");
    expect(tasks).toMatchObject([
      { managerId: "m1", clusterId: "c2", engineInstanceId: "e", vmId: "", repositoryId: "offsite" },
      { managerId: "m1", clusterId: "c1", vmName: "w of 1970-01-01T00:00:01.000Z" },
    ]);
    expect(tasks[0]?.scope).toMatchObject({ kind: "copy", pointId: "a", vmId: "v", originRepositoryId: "main" });
  });

  it("gives points of a manager that is gone, or says nothing, to the agents of another one; without any it is refused", async () => {
    await start("s1", [point("a", "v", "gone")], [manager("silent", "gone", false), manager("m2", "e2")]);
    expect(await listTasksOfSession(database.queries, "s1")).toMatchObject([{ managerId: "m2", clusterId: "c2" }]);
    await expect(start("s2", [point("b")], [])).rejects.toMatchObject({ code: "NO_AGENT" });
  });

  it("is refused when nothing is there of what was named", async () => {
    const points = [{ ...point("a"), vmName: "misspelt" }];
    await expect(start("s1", points, undefined, true)).rejects.toMatchObject({ code: "POINT_NOT_FOUND" });
    expect(await start("s2", points)).toMatchObject({ points: [] });
  });

  it("copies no point twice at the same time, and keeps it from being removed meanwhile", async () => {
    await start("s1", [point("a")]);
    expect(await start("s2", [point("a")])).toMatchObject({ points: [], underWay: 1 });
    const [one, other] = await Promise.all([start("s3", [point("b")]), start("s4", [point("b")])]);
    expect(one.points.length + other.points.length).toBe(1);
    expect([...(await pointsUnderCopy(database.queries, "main"))]).toEqual(["a", "b"]);
    expect((await pointsUnderCopy(database.queries, "main", "elsewhere")).size).toBe(0);
    expect((await pointsUnderCopy(database.queries, "offsite")).size).toBe(0);
  });

  it("is a success when there is nothing to do, and a warning when a point is hurt", async () => {
    const deps = { ...depsWith([]), onSessionEnd: () => Promise.resolve([]), pokeTask: () => undefined };
    const end = async (sessionId: string) => {
      while ((await stepSession(deps, sessionId, noSignal)).kind === "again");
      return await findSession(database.queries, sessionId);
    };
    await start("s1", []);
    expect(await end("s1")).toMatchObject({ result: "success", remarks: [{ code: "NOTHING_TO_COPY" }] });
    await start("s2", [{ ...point("h"), health: PointHealth.HURT }]);
    expect(await end("s2")).toMatchObject({ result: "warning", remarks: [{}, { code: "POINT_HURT" }] });
  });
});
