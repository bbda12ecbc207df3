import { Result } from "@holdfast/proto/holdfast/controller/v1/common_pb";
import { AgentService } from "@holdfast/proto/holdfast/controller/v1/agent_pb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeAsGuest } from "../harness/guest-writes.ts";
import { twoClusters } from "../harness/lab.ts";
import { expectNothingLeft } from "../harness/nothing-left.ts";
import { describeSession, present } from "../harness/operator.ts";
import { copyNextBackup, expectRestoresTo } from "../harness/reference.ts";
import { type Story, openStory } from "../harness/story.ts";
import { until } from "../harness/until.ts";

const MiB = 1024 * 1024;

let story: Story;

const smallVm = (name: string, cluster: string) => ({
  name,
  cluster,
  status: "up" as const,
  disks: [{ alias: `${name}_root`, size: 32 * MiB, fill: { seed: name, bytes: 9 * MiB } }],
});

/** Places so far apart that each is read by a request of its own. */
const apart = Array.from({ length: 11 }, (_, index) => ({ offset: (10 + 2 * index) * MiB, length: 64 * 1024 }));

beforeAll(async () => {
  story = await openStory({
    labs: [
      { ...twoClusters("alpha"), vms: [smallVm("near", "east"), smallVm("wired", "west")] },
      { ...twoClusters("beta"), vms: [smallVm("fenced", "east")] },
    ],
    agents: [
      { name: "on-host", manager: "alpha", cluster: "east", host: "alpha-east-1", reachableHosts: ["alpha-east-1"] },
      { name: "beside", manager: "alpha", cluster: "west", reachableHosts: ["alpha-west-1"] },
      { name: "blind", manager: "beta", cluster: "east", reachableHosts: ["none"] },
      { name: "lender", manager: "beta", cluster: "west", reachableHosts: ["beta-east-1", "beta-west-1"] },
    ],
  });
  const lab = story.lab("beta");
  const fenced = present((await lab.control.listVms())[0]);
  await writeAsGuest(lab, { vmId: fenced.id, diskId: present(fenced.disks[0]).id }, apart, 11);
});

afterAll(async () => {
  await story?.[Symbol.asyncDispose]();
});

interface RouteCase {
  readonly lab: string;
  readonly vm: string;
  readonly job: string;
  readonly agent: string;
  readonly route: string;
  readonly back: string;
}

/** Backs the VM up by this agent over this route; the point restores to what the lab saw, and nothing is left. */
const expectRoute = async (one: RouteCase): Promise<void> => {
  const lab = story.lab(one.lab);
  const vm = present((await lab.control.listVms()).find(({ name }) => name === one.vm));
  const disk = present(vm.disks[0]);
  await story.operator.createJob(one.job, [vm.id]);
  const reference = await copyNextBackup(story, lab, vm.id, one.job);
  const session = await story.operator.runJob(one.job);
  expect(session.result, describeSession(session)).toBe(Result.SUCCESS);
  expect(session.tasks[0]).toMatchObject({ agentName: one.agent, disks: [{ route: one.route }] });

  const pointId = present(session.tasks[0]).pointId;
  const restore = await expectRestoresTo(story, lab, { pointId, diskId: disk.id }, reference.fileOf(disk.id));
  expect(restore.tasks[0]).toMatchObject({ agentName: one.agent, disks: [{ route: one.back }] });
  await expectOnlyRestoredDisks(one.lab);
};

const expectOnlyRestoredDisks = async (name: string): Promise<void> => {
  const lab = story.lab(name);
  const { disks, checkpoints } = await lab.control.leftovers();
  await expectNothingLeft(lab, {
    disks: disks.filter(({ vmIds, illegal }) => vmIds.length === 0 && !illegal).map(({ id }) => id),
    checkpoints: checkpoints.map(({ id }) => id),
  });
};

test("an agent on the host reads and writes through imageio's unix socket", async () => {
  await expectRoute({ lab: "alpha", vm: "near", job: "socket", agent: "on-host", route: "socket", back: "socket" });
});

test("an agent that reaches the host reads and writes through HTTPS", async () => {
  await expectRoute({ lab: "alpha", vm: "wired", job: "direct", agent: "beside", route: "direct", back: "direct" });
});

test("an agent that cannot reach the host reads through another agent that can", async () => {
  await expectRoute({ lab: "beta", vm: "fenced", job: "stream", agent: "blind", route: "stream", back: "proxy" });
});

test("a lending agent that is killed in mid-stream costs its route, not the attempt (R6)", async () => {
  const lab = story.lab("beta");
  const { operator, installation } = story;
  const vm = present((await lab.control.listVms())[0]);
  const disk = present(vm.disks[0]);
  await operator.createJob("interrupted", [vm.id]);
  await writeAsGuest(lab, { vmId: vm.id, diskId: disk.id }, apart, 12);
  const reference = await copyNextBackup(story, lab, vm.id, "interrupted");
  await lab.control.armImageioFault({ fault: { kind: "delay", ms: 300 } });
  const sessionId = await operator.startJob("interrupted");
  await until("bytes to come through the lender", async () => {
    const read = (await operator.session(sessionId)).tasks[0]?.disks[0];
    return read?.route === "stream" && (read.bytes?.readBytes ?? 0n) > 0n;
  });
  await installation.agent("lender").kill();
  await lab.control.clearFaults();

  const session = await operator.waitForEnd(sessionId);
  expect(session.result, describeSession(session)).toBe(Result.WARNING);
  const task = present(session.tasks[0]);
  expect(task.remarks).toContainEqual(
    expect.objectContaining({ level: "warning", code: "ROUTE_FELL_BACK", diskId: disk.id }),
  );
  expect(task.attempts, describeSession(session)).toMatchObject([{ state: "succeeded" }]);
  expect(task.disks[0], describeSession(session)).toMatchObject({
    route: "proxy",
    routeReason: expect.stringContaining("stream: the agent that serves the disk is gone") as string,
  });
  await installation.agent("lender").start();
  await expectRestoresTo(story, lab, { pointId: task.pointId, diskId: disk.id }, reference.fileOf(disk.id));
  await expectOnlyRestoredDisks("beta");
});

test("where nobody reaches the host the engine's proxy is the way", async () => {
  await story.installation.agent("lender").kill();
  await until("the lender to be silent", async () => {
    const { agents } = await story.installation.api.service(AgentService).listAgents({}, { timeoutMs: 60_000 });
    return agents.some(({ name, state }) => name === "lender" && state === "silent");
  });
  await expectRoute({ lab: "beta", vm: "fenced", job: "proxy", agent: "blind", route: "proxy", back: "proxy" });
});
