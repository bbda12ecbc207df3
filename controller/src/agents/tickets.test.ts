import { createFakeClock } from "@holdfast/shared/clock/fake-clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { afterAll, beforeAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { listJournalOfAttempt, writeJournal } from "../database/journal-table.ts";
import type { Hypervisor } from "../hypervisor/hypervisor.ts";
import type { Capture, CapturePhase } from "../hypervisor/captures.ts";
import type { Transfer } from "../hypervisor/transfers.ts";
import type { OpenableDisk, Try } from "../sessions/task-work.ts";
import { type TestBench, openTestBench } from "../testing/open-test-bench.ts";
import { openTestInstallation, type TestInstallationFolder } from "../testing/open-test-installation.ts";
import { testAttempt, testSession, testTask } from "../testing/test-rows.ts";
import { createTicketBox } from "./tickets.ts";

const open: Transfer = {
  id: "tr1",
  phase: "open",
  enginePhase: "transferring",
  direction: "download",
  diskId: "d1",
  hostId: "h1",
  transferUrl: "https://h1:54322/images/secret-ticket",
  proxyUrl: undefined,
};
const disk: OpenableDisk = {
  diskId: "d1",
  direction: "download",
  captureId: "c",
  vmId: "v1",
  sizeBytes: 10,
  hasDirty: false,
  hostId: undefined,
};

let home: TestInstallationFolder;
beforeAll(async () => {
  home = await openTestInstallation();
});
afterAll(() => home[Symbol.asyncDispose]());
let bench: TestBench;
let opened: number;
let captured: CapturePhase;
let transfers: readonly Transfer[];
let what: Try;
beforeEach(async () => {
  bench = await openTestBench(60_000, { home });
  const [manager] = bench.deps.managers.list();
  if (manager === undefined) throw new Error("the bench has a manager");
  opened = 0;
  captured = "ready";
  transfers = [];
  Object.assign(manager.hypervisor, {
    openTransfer: () => {
      opened += 1;
      return Promise.resolve({ ...open, id: `tr${opened}` });
    },
    getCapture: () => Promise.resolve({ phase: captured } as Capture),
    finalizeTransfer: (id: string) => {
      transfers = transfers.filter((transfer) => transfer.id !== id);
      return Promise.resolve();
    },
    getTransfer: (id: string) => Promise.resolve(transfers.find((transfer) => transfer.id === id)),
    listTransfers: () => Promise.resolve(transfers),
  } satisfies Partial<Hypervisor>);
  what = { task: testTask({ managerId: manager.record.managerId }), session: testSession(), attempt: testAttempt() };
});
afterEach(async () => {
  await bench[Symbol.asyncDispose]();
});

const journal = () => listJournalOfAttempt(bench.deps.database.queries, { taskId: "t1", number: 1 });
const noteTransfer = (facts: Record<string, string>): Promise<void> =>
  writeJournal(
    bench.deps.database.queries,
    {
      managerId: what.task.managerId,
      taskId: "t1",
      attemptNumber: 1,
      attemptId: "a1",
      kind: "transfer",
      vmId: "v1",
      objectId: "d1",
      facts,
    },
    1,
  );

describe("tickets", () => {
  it("are opened once however often they are asked for, with the intent journalled and the ticket nowhere (A2, R12)", async () => {
    await using box = createTicketBox(bench.deps);
    expect(box.look(what, disk, "")).toStrictEqual({ kind: "opening" });
    expect(box.look(what, disk, "")).toStrictEqual({ kind: "opening" });
    await vi.waitFor(() => expect(box.look(what, disk, "").kind).toBe("open"));
    expect(opened).toBe(1);
    expect(await journal()).toMatchObject([{ kind: "transfer", objectId: "d1", facts: { transferId: "tr1" } }]);
    expect(JSON.stringify(await journal())).not.toContain("secret-ticket");
  });

  it("are found again on the engine after a restart, while the engine has them open", async () => {
    await noteTransfer({ transferId: "tr1" });
    transfers = [open];
    await using box = createTicketBox(bench.deps);
    await vi.waitFor(() =>
      expect(box.look(what, disk, "")).toMatchObject({ kind: "open", disk: { transferId: "tr1" } }),
    );
    expect(opened).toBe(0);
  });

  it("of a download are opened anew when the engine closed them, of an upload never", async () => {
    await noteTransfer({ transferId: "tr0" });
    await using box = createTicketBox(bench.deps);
    await vi.waitFor(() =>
      expect(box.look(what, disk, "")).toMatchObject({ kind: "open", disk: { transferId: "tr1" } }),
    );
    await using other = createTicketBox(bench.deps);
    await noteTransfer({});
    await vi.waitFor(() => {
      const state = other.look(what, { ...disk, direction: "upload" }, "");
      expect(state).toMatchObject({ kind: "failed", error: { code: "TRANSFER_FAILED" } });
    });
    expect(opened).toBe(1);
  });

  it("whose transfer broke are replaced by a fresh one of the same capture, once", async () => {
    await using box = createTicketBox(bench.deps);
    await vi.waitFor(() =>
      expect(box.look(what, disk, "")).toMatchObject({ kind: "open", disk: { transferId: "tr1" } }),
    );
    transfers = [open];
    expect(box.look(what, disk, "tr1")).toStrictEqual({ kind: "opening" });
    await vi.waitFor(() =>
      expect(box.look(what, disk, "tr1")).toMatchObject({ kind: "open", disk: { transferId: "tr2" } }),
    );
    expect(transfers).toStrictEqual([]);
    expect(await journal()).toMatchObject([{ objectId: "d1", facts: { transferId: "tr2" } }]);
    expect(opened).toBe(2);
  });

  it("whose transfer broke are not replaced when the capture has ended: two moments never mix", async () => {
    await using box = createTicketBox(bench.deps);
    await vi.waitFor(() => expect(box.look(what, disk, "").kind).toBe("open"));
    captured = "failed";
    await vi.waitFor(() =>
      expect(box.look(what, disk, "tr1")).toMatchObject({ kind: "failed", error: { code: "CAPTURE_ENDED" } }),
    );
    expect(opened).toBe(1);
  });

  it.each([
    ["anew", false],
    ["in an earlier life", true],
  ])(
    "of a transfer that was opened %s and never starts fail by its name: a TIMEOUT would be asked again for ever",
    async (_when, isFormer) => {
      const opening: Transfer = { ...open, phase: "opening", enginePhase: "initializing", transferUrl: undefined };
      const [manager] = bench.deps.managers.list();
      Object.assign(manager?.hypervisor ?? {}, {
        openTransfer: () => Promise.resolve(opening),
        cancelTransfer: () => Promise.resolve(),
      } satisfies Partial<Hypervisor>);
      transfers = [opening];
      if (isFormer) await noteTransfer({ transferId: "tr1" });
      const clock = createFakeClock();
      await using box = createTicketBox({ ...bench.deps, clock });
      expect(box.look(what, disk, "").kind).toBe("opening");
      await vi.waitFor(() => expect(clock.waiting).toBe(1));
      await clock.advance(180_000);
      expect(box.look(what, disk, "")).toMatchObject({
        kind: "failed",
        error: { code: "TRANSFER_FAILED", details: { transferId: "tr1", diskId: "d1" } },
      });
    },
  );

  it("of a disk in a snapshot of ours are opened anew without ending what others read of the disk (R6)", async () => {
    const frozen: OpenableDisk = { ...disk, captureId: undefined, snapshotId: "s1" };
    const [manager] = bench.deps.managers.list();
    let answers: (() => Promise<Transfer>)[] = [
      () => {
        transfers = [...transfers, { ...open, id: "lost" }];
        return Promise.reject(new HoldfastError("ENGINE_FAULT", "the answer is lost", { details: { status: 500 } }));
      },
    ];
    Object.assign(manager?.hypervisor ?? {}, {
      listSnapshotDisks: () => Promise.resolve([{ diskId: "d1", imageId: "i1" }] as never),
      openTransfer: () => {
        const [next = () => Promise.resolve({ ...open, id: "tr9" }), ...rest] = answers;
        answers = rest;
        return next();
      },
    } satisfies Partial<Hypervisor>);
    const ids = () => transfers.map(({ id }) => id);
    transfers = [{ ...open, id: "theirs" }];

    await using box = createTicketBox(bench.deps);
    await vi.waitFor(() => expect(box.look(what, frozen, "").kind).toBe("open"));
    expect(ids()).toEqual(["theirs"]);

    transfers = [...transfers, { ...open, id: "tr9" }, { ...open, id: "theirs too" }];
    box.look(what, frozen, "tr9");
    await vi.waitFor(() => expect(ids()).toEqual(["theirs", "theirs too"]));
    await vi.waitFor(() => expect(box.look(what, frozen, "").kind).toBe("open"));

    await noteTransfer({ foreign: "theirs" });
    transfers = [
      { ...open, id: "theirs" },
      { ...open, id: "of a life before" },
    ];
    await using later = createTicketBox(bench.deps);
    await vi.waitFor(() => expect(later.look(what, frozen, "").kind).toBe("open"));
    expect(ids()).toEqual(["theirs"]);
  });

  it("that could not be opened say why, and are tried anew when they are asked for again", async () => {
    const [manager] = bench.deps.managers.list();
    let refusals = 0;
    const refuse = () => {
      refusals += 1;
      return Promise.reject(new HoldfastError("ENGINE_FAULT", "no host"));
    };
    Object.assign(manager?.hypervisor ?? {}, { openTransfer: refuse } satisfies Partial<Hypervisor>);
    const rung: string[] = [];
    const bell = { ...bench.deps.bell, attempt: (agentId: string, id: string) => rung.push(`${agentId} ${id}`) };
    await using box = createTicketBox({ ...bench.deps, bell });
    expect(box.look(what, disk, "").kind).toBe("opening");
    await vi.waitFor(() => expect(rung, "the agent is nudged to ask again").toEqual([`${what.attempt.agentId} a1`]));
    expect(box.look(what, disk, "")).toMatchObject({ kind: "failed", error: { message: "no host" } });
    expect(refusals).toBe(1);
    expect(box.look(what, disk, "").kind).toBe("opening");
    await vi.waitFor(() => expect(refusals).toBe(2));
    expect(box.attemptIds()).toStrictEqual(["a1"]);
    box.drop("a1");
    expect(box.attemptIds()).toStrictEqual([]);
  });
});
