import { Result } from "@holdfast/proto/holdfast/controller/v1/common_pb";
import type { Session } from "@holdfast/proto/holdfast/controller/v1/session_pb";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { patientWithAgents } from "../harness/installation.ts";
import { slowReads, untilTransferring } from "../harness/mid-transfer.ts";
import { describeSession, present } from "../harness/operator.ts";
import { type Stage, type StagedVm, openStage } from "../harness/stage.ts";
import { cancelTransfersOf, endBackupOf } from "../harness/transfer-end.ts";
import { until } from "../harness/until.ts";
import type { RuleClient } from "../simulator/control/rule-client.ts";

const MiB = 1024 * 1024;
const hostName = "ovirt-east-1";
/** Connections that a ticket of the lab allows at once. */
const maxReaders = 8;
/** What two lanes may have under way when a ticket breaks: each reads one run of two chunks, and another waits its turn. */
const underWayMiB = 8;

let stage: Stage;

beforeAll(async () => {
  stage = await openStage({
    agents: ["east-1"],
    controllerEnv: patientWithAgents,
  });
});

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
});

afterEach(async () => {
  await stage.lab.control.rules.clear();
  await stage.lab.control.clearFaults();
});

type Rule = Parameters<RuleClient["add"]>[0];
type Which = NonNullable<Rule["which"]>;

/** What a backup came to: its warnings, its route, and what imageio was asked for. */
interface Expected {
  readonly warnings: readonly string[];
  readonly route?: "direct" | "proxy";
  /** MiB that were served beyond the ten of the disk's data, at most. */
  readonly extraMiB: number;
}

const quiet: Expected = { warnings: [], extraMiB: 0 };
const renewed: Expected = { warnings: ["TRANSFER_RENEWED"], extraMiB: underWayMiB };

/** The one attempt made the point; no ticket ever had more connections than it allows, and little was read twice. */
const expectGotOver = async (
  session: Session,
  vm: StagedVm,
  { warnings, route, extraMiB }: Expected,
): Promise<void> => {
  const { lab } = stage;
  await lab.control.rules.clear();
  const task = present(session.tasks[0]);
  const shown = describeSession(session);
  expect(session.result, shown).toBe(warnings.length === 0 ? Result.SUCCESS : Result.WARNING);
  expect(
    task.remarks.filter(({ level }) => level === "warning").map(({ code }) => code),
    shown,
  ).toEqual(warnings);
  expect(task.attempts, shown).toHaveLength(1);
  expect(task.disks[0], shown).toMatchObject({ route: route ?? "direct" });
  const tickets = (await lab.control.counters()).tickets.filter(({ diskId }) => diskId === vm.disks[0]?.id);
  const served = tickets.reduce((sum, { bytesRead }) => sum + bytesRead, 0);
  expect(served).toBeGreaterThanOrEqual(10 * MiB);
  expect(served, shown).toBeLessThanOrEqual((10 + extraMiB) * MiB);
  for (const { mostConnections } of tickets) expect(mostConnections).toBeLessThanOrEqual(maxReaders);
  await stage.expectSound(vm, 1);
};

interface FaultCase {
  readonly what: string;
  readonly imageio: "options" | "read" | "extents";
  readonly which: Which;
  readonly effect: Rule["what"];
  readonly at?: string;
  readonly comesTo: Expected;
}

const status = (code: number, body: string): Rule["what"] => ({ kind: "status", status: code, as: "text", body });
const refusal = (why: string): string => `You are not allowed to access this resource: ${why}`;
const serverFailed = "Server failed to perform the request, check logs";

const faults: readonly FaultCase[] = [
  {
    what: "a ticket that imageio does not know (403)",
    imageio: "read",
    which: { nth: 2 },
    effect: status(403, refusal("No such ticket T")),
    comesTo: renewed,
  },
  {
    what: "a ticket whose time is over (403)",
    imageio: "read",
    which: { nth: 3 },
    effect: status(403, refusal("Transfer=T expired")),
    comesTo: renewed,
  },
  {
    what: "a ticket that is refused before anything is read (403 to OPTIONS)",
    imageio: "options",
    which: { nth: 1 },
    effect: status(403, refusal("Transfer=T was canceled")),
    comesTo: { ...renewed, extraMiB: 0 },
  },
  {
    what: "a path that imageio does not know (404)",
    imageio: "read",
    which: { nth: 2 },
    effect: status(404, "No handler for path"),
    comesTo: renewed,
  },
  {
    what: "a range that imageio does not take (416)",
    imageio: "read",
    which: { nth: 2 },
    effect: status(416, "Requested Range Not Satisfiable"),
    comesTo: renewed,
  },
  {
    what: "a request that imageio calls malformed (400)",
    imageio: "extents",
    which: { nth: 1 },
    effect: status(400, "Bad request"),
    comesTo: { ...renewed, extraMiB: 0 },
  },
  {
    what: "a daemon that knows no OPTIONS (405)",
    imageio: "options",
    which: { from: 1 },
    effect: status(405, "Method OPTIONS not allowed"),
    comesTo: { warnings: [], extraMiB: 6 },
  },
  {
    what: "a connection whose NBD server died (one 500)",
    imageio: "read",
    which: { nth: 2 },
    effect: status(500, serverFailed),
    comesTo: quiet,
  },
  {
    what: "an NBD server that died (500 on new connections too)",
    imageio: "read",
    which: { from: 2, to: 5 },
    effect: status(500, serverFailed),
    comesTo: renewed,
  },
  {
    what: "extents that cannot be told (500 on new connections too)",
    imageio: "extents",
    which: { from: 1, to: 2 },
    effect: status(500, serverFailed),
    comesTo: { ...renewed, extraMiB: 0 },
  },
  {
    what: "a list of extents that breaks off",
    imageio: "extents",
    which: { nth: 1 },
    effect: { kind: "short", bytes: 10 },
    comesTo: quiet,
  },
  {
    what: "bodies that end short",
    imageio: "read",
    which: { every: 2 },
    effect: { kind: "short", bytes: 300_000 },
    comesTo: quiet,
  },
  {
    what: "a connection that was closed while it rested",
    imageio: "read",
    which: { nth: 3 },
    effect: { kind: "drop" },
    comesTo: quiet,
  },
  {
    what: "a host whose imageio does not answer at all",
    imageio: "options",
    which: { from: 1 },
    effect: { kind: "drop" },
    at: hostName,
    comesTo: { warnings: ["ROUTE_FELL_BACK"], route: "proxy", extraMiB: 0 },
  },
  {
    what: "a host whose imageio stops answering in mid-disk",
    imageio: "read",
    which: { from: 3 },
    effect: { kind: "drop" },
    at: hostName,
    comesTo: { warnings: ["ROUTE_FELL_BACK"], route: "proxy", extraMiB: underWayMiB },
  },
];

test.each(faults)("$what: got over within the attempt, and only what is missing is read", async (one) => {
  const { lab } = stage;
  const vm = await stage.addVm(`fault-${faults.indexOf(one)}`);
  const at = one.at === undefined ? {} : { at: one.at };
  await lab.control.rules.add({
    match: { imageio: one.imageio, disk: present(vm.disks[0]).id, ...at },
    which: one.which,
    what: one.effect,
  });
  const session = await stage.backUp(vm);
  const hits = (await lab.control.rules.list()).map((rule) => rule.hits);
  expect(Math.max(...hits), "calls that the rule hit").toBeGreaterThan(0);
  await expectGotOver(session, vm, one.comesTo);
});

interface LossCase {
  readonly what: string;
  readonly lose: (vm: StagedVm) => Promise<void>;
}

const losses: readonly LossCase[] = [
  {
    what: "the host's imageio is started again and knows no ticket",
    lose: () => stage.lab.control.spoilTickets(hostName, "lost"),
  },
  {
    what: "the engine ends the transfer",
    lose: async (vm) => {
      expect(await cancelTransfersOf(stage.lab, present(vm.disks[0]).id)).toBe(1);
    },
  },
  {
    what: "the engine ends the transfer and is away (502, HTML) when a fresh one is asked for",
    lose: async () => {
      const away: Rule["what"] = { kind: "status", status: 502, as: "html" };
      for (const [call, to] of [
        ["* /imagetransfers/**", 9],
        ["POST /imagetransfers", 3],
      ] as const)
        await stage.lab.control.rules.add({ match: { call }, which: { from: 1, to }, what: away });
      await stage.lab.control.spoilTickets(hostName, "lost");
    },
  },
];

test.each(losses)("in mid-disk $what: the rest comes through a fresh ticket of the same capture", async (one) => {
  const { lab, operator } = stage;
  const vm = await stage.addVm(`loss-${losses.indexOf(one)}`);
  await slowReads(lab, 300);
  const sessionId = await stage.start(vm.name);
  await untilTransferring(lab, vm);
  await one.lose(vm);
  await lab.control.clearImageioFaults();
  const session = await operator.waitForEnd(sessionId);
  for (const rule of await lab.control.rules.list())
    expect(rule.hits, `hits of ${JSON.stringify(rule.match)}`).toBeGreaterThan(0);
  await expectGotOver(session, vm, renewed);
});

test("a capture that was ended under its transfers costs the attempt: two moments never mix in one point", async () => {
  const { lab, operator } = stage;
  const vm = await stage.addVm("capture-ended");
  await slowReads(lab, 300);
  const sessionId = await stage.start(vm.name);
  await untilTransferring(lab, vm);
  await endBackupOf(lab, vm.id, present(vm.disks[0]).id);
  await lab.control.clearFaults();
  const session = await operator.waitForEnd(sessionId);
  const task = present(session.tasks[0]);
  expect(session.result, describeSession(session)).toBe(Result.WARNING);
  expect(task.attempts, describeSession(session)).toMatchObject([
    { state: "failed", code: "CAPTURE_ENDED" },
    { state: "succeeded" },
  ]);
  await stage.expectSound(vm, 1);
});

test("a disk of which every byte was read, whose transfer the engine ends by itself while another disk is read", async () => {
  const { lab, operator } = stage;
  const vm = await stage.addVm("read-whole", { sizeMiB: 8, filledMiB: 8, secondMiB: 8 });
  const diskOf = (alias: string): string => present(vm.disks.find((disk) => disk.alias === alias)).id;
  const ids = [diskOf("read-whole_root"), diskOf("read-whole_second")];
  // Whichever disk comes second waits until the engine has ended the transfer of the first.
  await lab.control.rules.add({
    match: { imageio: "read" },
    which: { from: 5 },
    what: { kind: "delay", ms: 120_000 },
  });
  const sessionId = await stage.start(vm.name);
  await until("the engine to end the transfer of the first disk", async () => {
    const { tickets } = await lab.control.counters();
    const { transfers } = await lab.control.leftovers();
    const begun = tickets.filter(({ diskId }) => ids.includes(diskId));
    return begun.length === 2 && transfers.length === 1;
  });
  await lab.control.rules.clear();
  const session = await operator.waitForEnd(sessionId);
  expect(session.result, describeSession(session)).toBe(Result.SUCCESS);
  await stage.expectSound(vm, 1);
});
