import { create } from "@bufbuild/protobuf";
import { EditWorkerRequestSchema } from "@holdfast/proto/holdfast/controller/v1/worker_pb";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findAttempt, insertAttempt } from "../../database/attempts-table.ts";
import { insertSession } from "../../database/sessions-table.ts";
import { insertTask } from "../../database/tasks-table.ts";
import { createProgressBoard } from "../../sessions/progress-board.ts";
import { type WorkerBench, openWorkerBench } from "../../testing/open-worker-bench.ts";
import { testAttempt, testSession, testTask } from "../../testing/test-rows.ts";
import { agentIdOfWorker } from "../../placement/placed-agent.ts";

import type { ApiDeps } from "../api-deps.ts";
import { editWorker, removeWorker, setWorkerEnabled } from "./change-workers.ts";

const never = new AbortController().signal;
const workerId = "worker000001";
let bench: WorkerBench;
let deps: ApiDeps;
let interrupted: string[];
beforeEach(async () => {
  bench = await openWorkerBench();
  interrupted = [];
  const runner = { poke: () => undefined, interrupt: (id: string) => void interrupted.push(id) };
  const parts: Partial<ApiDeps> = {
    ...bench.deps,
    progress: createProgressBoard(bench.deps.clock),
    runner,
    workerRunner: runner,
    tickets: { drop: () => undefined } as never,
  };
  deps = parts as ApiDeps;
  await bench.add({}, { state: "up", vmId: "v1", generation: 1 });
  const { queries } = bench.deps.database;
  await insertSession(queries, testSession());
  await insertTask(queries, testTask({ state: "running" }));
  await insertAttempt(queries, testAttempt({ agentId: agentIdOfWorker(workerId) }));
});
afterEach(async () => {
  await bench[Symbol.asyncDispose]();
});

const edit = (change: object, force = false) => {
  const definition = { name: "w-one", manager: "one", cluster: "c1", template: "worker", idleDelayMs: 0n };
  return editWorker(
    deps,
    create(EditWorkerRequestSchema, { worker: "w-one", definition: { ...definition, ...change }, force }),
    never,
  );
};
const attempt = () => findAttempt(bench.deps.database.queries, "a1");

describe("a busy worker", () => {
  it.each([{ tasks: 2 }, { hosts: ["h-c1"] }, { networks: [{ network: "green" }] }, { storageDomain: "sd1" }])(
    "is not changed in %j while its agent has tasks",
    async (change) => {
      await expect(edit(change)).rejects.toMatchObject({ code: "WORKER_BUSY", details: { tasks: 1 } });
      expect(bench.worker()).toMatchObject({ state: "up", pending: "none", definition: { tasks: 4, hosts: [] } });
      expect((await attempt())?.state).toBe("open");
    },
  );

  it("loses its tasks to a forced change, which are tried again elsewhere, and its power", async () => {
    await edit({ storageDomain: "sd1" }, true);
    expect(await attempt()).toMatchObject({ state: "ending", ending: { cause: "lost", code: "AGENT_LOST" } });
    expect(interrupted).toEqual(["t1"]);
    expect(bench.worker()).toMatchObject({ state: "stopping", pending: "remake" });
  });

  it("is changed at once in what its tasks do not stand on", async () => {
    await edit({ description: "words", idlePolicy: "shutdown" });
    expect((await attempt())?.state).toBe("open");
    expect(bench.worker()).toMatchObject({ state: "up", pending: "reshape", definition: { idlePolicy: "shutdown" } });
  });

  it("is not removed, and lets its work end when it is disabled", async () => {
    await expect(removeWorker(deps, "w-one")).rejects.toMatchObject({ code: "WORKER_BUSY" });
    await setWorkerEnabled(deps, "w-one", false);
    expect(bench.worker()).toMatchObject({ state: "up", enabled: false, removing: false });
    expect((await attempt())?.state).toBe("open");
  });
});

describe("an unhealthy worker", () => {
  it("is taken for healthy again when an operator edits or enables it", async () => {
    await bench.deps.roster.change(bench.worker(), { unhealthyReason: "broken", unhealthyMs: 1 });
    await setWorkerEnabled(deps, "w-one", true);
    expect(bench.worker().unhealthyReason).toBe("");
    await bench.deps.roster.change(bench.worker(), { unhealthyReason: "broken", unhealthyMs: 1 });
    await edit({});
    expect(bench.worker().unhealthyReason).toBe("");
  });

  it("that is being removed takes no other order", async () => {
    await bench.deps.roster.change(bench.worker(), { removing: true });
    await expect(edit({})).rejects.toMatchObject({ code: "FAILED_PRECONDITION" });
    await expect(setWorkerEnabled(deps, "w-one", true)).rejects.toMatchObject({ code: "FAILED_PRECONDITION" });
  });
});
