import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Result } from "@holdfast/proto/holdfast/controller/v1/common_pb";
import { type Manager, ManagerService } from "@holdfast/proto/holdfast/controller/v1/manager_pb";
import type { Session } from "@holdfast/proto/holdfast/controller/v1/session_pb";
import { derivedUuid } from "@holdfast/shared/ids/ids";
import { type ChildProcess, startProcess } from "@holdfast/shared/process/child-process";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { type CommandLine, openCommandLine } from "../harness/command-line.ts";
import { type Lab, twoClusters } from "../harness/lab.ts";
import { describeSession, present } from "../harness/operator.ts";
import { programArguments } from "../harness/programs.ts";
import { type Story, openStory } from "../harness/story.ts";
import { until } from "../harness/until.ts";

const MiB = 1024 * 1024;
const call = { timeoutMs: 60_000 };

let story: Story;
let lab: Lab;
let holdfast: CommandLine;
let program: ChildProcess | undefined;

beforeAll(async () => {
  const config = twoClusters("ovirt");
  // An engine of another name would give its hosts other ids, and this one is to have the same.
  const hosts = config.hosts.map((host, place) => ({ ...host, id: derivedUuid("replaced", "host", String(place)) }));
  story = await openStory({
    labs: [{ ...config, hosts }],
    agents: [{ name: "east-1", manager: "ovirt", cluster: "east" }],
    controllerEnv: () => ({ HOLDFAST_CONTROLLER_INVENTORY_EVERY_MS: "200" }),
  });
  lab = story.lab("ovirt");
  holdfast = openCommandLine(story.run, story.installation);
  const disks = [{ alias: "root", size: 8 * MiB, fill: { seed: "root", bytes: 4 * MiB } }];
  const { id } = await lab.control.addVm({ name: "vm", cluster: "east", status: "up", disks });
  await story.operator.createJob("vm", [id]);
});

afterAll(async () => {
  await program?.[Symbol.asyncDispose]();
  await story?.[Symbol.asyncDispose]();
});

const manager = async (): Promise<Manager> =>
  present((await story.installation.api.service(ManagerService).getManager({ manager: "ovirt" }, call)).manager);

const untilManagerIs = (state: string): Promise<Manager> =>
  until(`the manager to be ${state}`, async () => {
    const found = await manager();
    return found.state === state ? found : undefined;
  });

/** Stops the engine and starts another one at its address: its database has this instance, and its VMs are the same. */
const replaceEngine = async (instance: string, changed: readonly string[] = []): Promise<void> => {
  await (program ?? lab.program).stop();
  const configFile = join(lab.stateDir, "config.yaml");
  const config = parse(await readFile(configFile, "utf8")) as object;
  await writeFile(configFile, stringify({ ...config, name: instance }));
  for (const path of changed) await rm(join(lab.stateDir, "pki", path), { recursive: true });
  const started = await startProcess({
    name: `lab ${instance}`,
    command: process.execPath,
    args: [...programArguments("e2e/simulator/main"), "--config", configFile, "--state", lab.stateDir],
    env: story.run.env,
    logFile: join(story.run.dir, `lab-${instance}.log`),
  });
  program = started;
  await until("the engine to serve", async () => {
    const ready = JSON.parse(await readFile(join(lab.stateDir, "ready.json"), "utf8")) as { readonly pid: number };
    return ready.pid === started.pid ? ready : undefined;
  });
};

const trust = async (): Promise<string> => {
  const { code, stdout, stderr } = await holdfast(["manager", "trust", "ovirt", "--yes"]);
  expect(code, stderr).toBe(0);
  await story.operator.waitForAgents("east-1");
  return `${stdout}\n${stderr}`;
};

const backUp = async (): Promise<Session> => {
  const session = await story.operator.runJob("vm");
  expect(session.result, describeSession(session)).toBe(Result.SUCCESS);
  return session;
};

const readAs = async (mode: string, reason: string): Promise<void> => {
  const session = await backUp();
  expect(session.tasks[0]?.disks, describeSession(session)).toMatchObject([{ mode, reason }]);
};

test("after an engine is trusted anew its checkpoints are doubted once, and tracked again", async () => {
  await readAs("full", "no-base");
  await readAs("unchanged", "tracking-good");
  expect(await trust()).toContain("instance id: as it was");
  await readAs("compare", "checkpoint-doubted");
  await readAs("unchanged", "tracking-good");
});

test("another engine at the address, with a renewed certificate, stops everything until it is trusted", async () => {
  const { engineInstanceId: former } = await manager();
  await replaceEngine("reborn", ["api/engine.pem", "api/engine.key"]);
  const { stateReason } = await untilManagerIs("replaced");
  expect(stateReason).toContain(former);

  await lab.control.resetCounters();
  const session = await story.operator.runJob("vm");
  expect(session.result).toBe(Result.FAILED);
  expect(session.tasks[0]?.remarks).toMatchObject([{ level: "error", code: "MANAGER_REPLACED" }]);
  const shown = await holdfast(["manager", "test", "ovirt"]);
  expect(shown.stdout).toContain("MANAGER_REPLACED");
  const { calls } = await lab.control.counters();
  expect(Object.keys(calls).filter((route) => !route.includes("/sso/") && route !== "GET /")).toEqual([]);

  const unasked = await holdfast(["manager", "trust", "ovirt"]);
  expect(unasked).toMatchObject({ code: 64, stderr: expect.stringContaining("give --yes") as unknown });
  expect(await manager()).toMatchObject({ state: "replaced", engineInstanceId: former });
  expect(await trust()).toMatch(new RegExp(`instance id: CHANGED[^]*${former}`));
  expect(await manager()).toMatchObject({ state: "connected" });
  await readAs("full", "no-base");
});

test("a changed CA stops with both fingerprints until it is trusted", async () => {
  const { apiAnchor } = await manager();
  await replaceEngine("reborn", ["api"]);
  const pinned = present(apiAnchor).sha256Fingerprint;
  const { stateReason } = await untilManagerIs("untrusted");
  expect(stateReason).toMatch(new RegExp(`pinned is SHA-256 ${pinned}, shown is ([0-9A-F]{2}:){31}`));

  expect(await trust()).toMatch(/API anchor: CHANGED[^]*imageio anchor: as it was[^]*instance id: as it was/);
  const trusted = await manager();
  expect(trusted).toMatchObject({ state: "connected" });
  expect(present(trusted.apiAnchor).sha256Fingerprint).not.toBe(pinned);
});
