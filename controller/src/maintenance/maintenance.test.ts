import { createFakeClock, type FakeClock } from "@holdfast/shared/clock/fake-clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { SessionId } from "@holdfast/shared/ids/ids";
import { memoryLogger } from "@holdfast/shared/logging/memory-logger";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Database, openDatabase } from "../database/database.ts";
import { changeSession, findSession, listSessions } from "../database/sessions-table.ts";
import { writeSetting } from "../database/settings-table.ts";
import type { RepositoryConnection } from "../repositories/repository-connection.ts";
import { createChangeFeed } from "../sessions/change-feed.ts";
import type { Remark } from "../sessions/remark.ts";
import type { WorkDeps } from "../sessions/work-deps.ts";
import { createMaintenanceBoard } from "./maintenance-board.ts";
import type { MaintenanceKind } from "./maintenance-kind.ts";
import type { Operation } from "./operation.ts";
import { runNightlyCollection } from "./run-nightly-collection.ts";
import { startMaintenance } from "./start-maintenance.ts";
import { type MaintenanceDeps, stepMaintenance } from "./step-maintenance.ts";

let clock: FakeClock;
let database: Database;
let deps: MaintenanceDeps;
let operation: Operation;

const repository = (repositoryId: string): RepositoryConnection =>
  ({ repositoryId, name: repositoryId }) as RepositoryConnection;

beforeEach(async () => {
  clock = createFakeClock(Date.parse("2026-03-10T12:00:00Z"));
  database = await openDatabase(":memory:", clock);
  operation = () => Promise.resolve([]);
  const known = ["main", "other"].map(repository);
  const get = (id: string): RepositoryConnection => {
    const found = known.find(({ repositoryId }) => repositoryId === id);
    if (found === undefined) throw new HoldfastError("NOT_FOUND", `no repository ${id}`);
    return found;
  };
  deps = {
    database,
    clock,
    log: memoryLogger(),
    changes: createChangeFeed(),
    repositories: { get, list: () => known } as unknown as WorkDeps["repositories"],
    board: createMaintenanceBoard(),
    operations: Object.fromEntries(
      ["repository-verify", "repository-gc", "point-verify"].map((kind): [string, Operation] => [
        kind,
        (context) => operation(context),
      ]),
    ),
    patienceMs: 60_000,
  };
});

afterEach(async () => {
  await database[Symbol.asyncDispose]();
});

const begin = (name: string, kind: MaintenanceKind = "repository-verify", repositoryId = "main"): Promise<SessionId> =>
  startMaintenance(deps, {
    sessionId: name as SessionId,
    kind,
    repositoryId,
    title: `repository ${repositoryId}`,
    trigger: "operator",
    timeZone: "UTC",
    request: { budgetBytes: 7 },
  });

const noSignal = new AbortController().signal;
const step = (sessionId: string, signal = noSignal) => stepMaintenance(deps, sessionId, signal);
const session = (sessionId: string) => findSession(database.queries, sessionId);

const remark = (level: Remark["level"]): Remark => ({ level, code: "TEST", message: "found", diskId: "" });

describe("a session of maintenance", () => {
  it("runs to its end with what its operation found, and keeps that", async () => {
    operation = ({ request, tell }) => {
      expect(request).toMatchObject({ budgetBytes: 7, dryRun: false });
      tell({ phase: "working", done: 1, total: 2, unit: "packs" });
      expect(deps.board.of("s1")).toMatchObject({ phase: "working" });
      return Promise.resolve([remark("notice")]);
    };
    await begin("s1");
    expect(await begin("s1")).toBe("s1");
    expect(await step("s1")).toEqual({ kind: "final" });
    expect(await session("s1")).toMatchObject({ state: "ended", result: "success", remarks: [{ code: "TEST" }] });
    expect(deps.board.of("s1")).toBeUndefined();

    operation = () => Promise.resolve([remark("warning")]);
    await begin("s2");
    await step("s2");
    expect(await session("s2")).toMatchObject({ state: "ended", result: "warning" });
  });

  it("waits for an earlier one of the same repository, and for no other", async () => {
    await begin("first");
    await clock.advance(10);
    await begin("second", "repository-gc");
    await begin("elsewhere", "repository-gc", "other");
    await begin("point", "point-verify");
    expect(await step("second")).toMatchObject({ kind: "after" });
    expect(deps.board.of("second")?.phase).toContain("session first");
    expect(await step("elsewhere")).toEqual({ kind: "final" });
    expect(await step("point")).toEqual({ kind: "final" });
    await step("first");
    expect(await step("second")).toEqual({ kind: "final" });
    expect(await session("second")).toMatchObject({ result: "success" });
  });

  it("is cancelled while it runs, and before", async () => {
    const running = Promise.withResolvers<void>();
    operation = async ({ signal }) => {
      running.resolve();
      await new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason as Error));
      });
      return [];
    };
    await begin("s1");
    const stepping = step("s1");
    await running.promise;
    await changeSession(database.queries, "s1", { wish: "cancel" });
    deps.changes.changed("s1");
    expect(await stepping).toEqual({ kind: "again" });
    expect(await step("s1")).toEqual({ kind: "final" });
    expect(await session("s1")).toMatchObject({ state: "ended", result: "cancelled" });

    await begin("s2");
    await changeSession(database.queries, "s2", { wish: "cancel" });
    await step("s2");
    expect(await session("s2")).toMatchObject({ state: "ended", result: "cancelled" });
  });

  it("is broken off by the controller's end, and begins again with the next one", async () => {
    const stop = new AbortController();
    operation = ({ signal }) => {
      stop.abort(new HoldfastError("CANCELLED", "the controller stops"));
      return Promise.reject(signal.reason as Error);
    };
    await begin("s1");
    await expect(step("s1", stop.signal)).rejects.toMatchObject({ code: "CANCELLED" });
    expect(await session("s1")).toMatchObject({ state: "running", result: null });
    operation = () => Promise.resolve([]);
    await step("s1");
    expect(await session("s1")).toMatchObject({ state: "ended", result: "success" });
  });

  it("waits for a repository that is away or busy, and fails with the reason when that lasts, or with any other at once", async () => {
    operation = ({ tell }) => {
      tell({ phase: "listing points", done: 0, total: 0, unit: "" });
      return Promise.reject(new HoldfastError("REPOSITORY_UNREACHABLE", "it is away"));
    };
    await begin("s1");
    expect(await step("s1")).toMatchObject({ kind: "after" });
    expect(deps.board.of("s1")?.phase).toContain("it is away");
    await clock.advance(60_000);
    await step("s1");
    expect(await session("s1")).toMatchObject({
      result: "failed",
      remarks: [{ level: "error", code: "REPOSITORY_UNREACHABLE" }],
    });

    operation = ({ tell }) => {
      tell({ phase: "working", done: 1, total: 2, unit: "chunks" });
      return Promise.reject(new HoldfastError("REPOSITORY_UNREACHABLE", "it went away"));
    };
    await begin("long");
    await clock.advance(60_000);
    expect(await step("long")).toMatchObject({ kind: "after" });

    operation = () => Promise.reject(new HoldfastError("POINT_NOT_FOUND", "no such point"));
    await begin("s2", "point-verify");
    await step("s2");
    expect(await session("s2")).toMatchObject({ result: "failed", remarks: [{ code: "POINT_NOT_FOUND" }] });
  });
});

describe("the nightly collection", () => {
  const nightly = (collectAt = "01:00") =>
    runNightlyCollection(deps as unknown as WorkDeps, { collectAt, timeZone: "UTC" });
  const started = async (): Promise<readonly string[]> =>
    (await listSessions(database.queries, { limit: 10 })).map(({ kind, jobName }) => `${kind} of ${jobName}`);
  const retainedAt = (iso: string) => writeSetting(database.queries, "retention-handled-ms", String(Date.parse(iso)));

  it("starts once a night for every repository, after retention", async () => {
    await nightly();
    await clock.advance(13.5 * 3_600_000);
    await retainedAt("2026-03-10T00:30:00Z");
    await nightly();
    expect(await started()).toEqual([]);
    await retainedAt("2026-03-11T00:30:00Z");
    await nightly();
    await nightly();
    expect(new Set(await started())).toEqual(
      new Set(["repository-gc of repository main", "repository-gc of repository other"]),
    );
  });

  it("is left out when it was missed by a day, and when it is turned off", async () => {
    await nightly();
    await clock.advance(30 * 3_600_000);
    await retainedAt("2026-03-11T00:30:00Z");
    await nightly();
    await nightly("");
    expect(await started()).toEqual([]);
  });
});
