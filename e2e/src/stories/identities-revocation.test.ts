import { cp, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Agent, AgentService } from "@holdfast/proto/holdfast/controller/v1/agent_pb";
import { Result } from "@holdfast/proto/holdfast/controller/v1/common_pb";
import { IdentityService, type Member } from "@holdfast/proto/holdfast/controller/v1/identity_pb";
import { type Repository, RepositoryRegistryService } from "@holdfast/proto/holdfast/controller/v1/repository_pb";
import { RepositoryService } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { readCertificate } from "@holdfast/shared/identity/certificates";
import { readIdentityFolder, type StoredIdentity } from "@holdfast/shared/identity/identity-folder";
import { taskTokenHeader } from "@holdfast/shared/identity/task-token";
import { untilAborted } from "@holdfast/shared/lifecycle/abort";
import { openReading } from "@holdfast/shared/reading/open-reading";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type CommandLine, openCommandLine } from "../harness/command-line.ts";
import { createDialer } from "../harness/dialer.ts";
import { patientWithAgents } from "../harness/installation.ts";
import { slowReads, untilTransferring } from "../harness/mid-transfer.ts";
import { describeSession, present } from "../harness/operator.ts";
import { openPointReader } from "../harness/point-reader.ts";
import { type Stage, type StagedVm, openStage } from "../harness/stage.ts";
import { joinAgent, openBusAs, renewAt } from "../harness/story-member.ts";
import { until } from "../harness/until.ts";
import { openVouching } from "../harness/vouching.ts";

const call = { timeoutMs: 30_000 };

let stage: Stage;
let holdfast: CommandLine;
let vm: StagedVm;
/** Agents that an operator revoked in these stories. */
const revoked: StoredIdentity[] = [];
let survivor: string;
const dialer = createDialer();

/** The controller's identity folder, and a copy of it from before anything was revoked. */
const identityDir = () => join(stage.installation.controllerDir, "identity");
const earlierDir = () => join(stage.run.dir, "earlier-identity");

beforeAll(async () => {
  stage = await openStage({ agents: ["east-1", "east-2"], slots: 1, controllerEnv: patientWithAgents });
  holdfast = openCommandLine(stage.run, stage.installation);
  vm = await stage.addVm("kept");
  const session = await stage.backUp(vm);
  expect(session.result, describeSession(session)).toBe(Result.SUCCESS);
});

afterAll(async () => {
  await dialer[Symbol.asyncDispose]();
  await stage?.[Symbol.asyncDispose]();
});

const agentLog = (name: string): Promise<string> => readFile(join(stage.run.dir, `agent-${name}.log`), "utf8");

const shownAgent = async (name: string): Promise<Agent> => {
  const { agents } = await stage.installation.api.service(AgentService).listAgents({}, call);
  return present(agents.find((agent) => agent.name === name));
};

const shownRepository = async (): Promise<Repository> => {
  const registry = stage.installation.api.service(RepositoryRegistryService);
  return present((await registry.getRepository({ repository: "main" }, call)).repository);
};

const members = async (): Promise<readonly Member[]> =>
  (await stage.installation.api.service(IdentityService).listMembers({}, call)).members;

const revoke = async (name: string): Promise<void> => {
  const said = await holdfast(["agent", "revoke", name]);
  expect(said, said.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining(`agent ${name}`) });
};

/** Nobody listens any more to who was revoked: a repository, the controller's API, the bus. */
const expectShutOut = async ({ identity, busKey, membership }: StoredIdentity): Promise<void> => {
  const { installation } = stage;
  const refused = { code: "IDENTITY_REVOKED" };
  const repository = dialer.dial({ address: installation.repositoryAddress, role: "repository", proof: identity });
  await expect(repository.service(RepositoryService).getRepository({}, call)).rejects.toMatchObject(refused);
  await expect(renewAt(installation, identity)).rejects.toMatchObject(refused);
  const visit = { identity, busKey, ownerId: membership.id, withinMs: 500 };
  await expect(openBusAs(installation, visit)).rejects.toMatchObject({
    code: "UNAVAILABLE",
    // Not let in, rather than too slow.
    cause: { code: "AUTHORIZATION_VIOLATION" },
  });
};

test("who is revoked loses its calls and its connection to the bus at once", async () => {
  const { installation } = stage;
  const member = await joinAgent(installation, "played");
  const { identity, busKey, membership } = member;
  const vouching = await openVouching(installation.controllerDir);
  await using reader = await openPointReader(installation.door);
  const { pointId, vm: key } = present((await reader.list())[0]);
  const { repositoryId } = await shownRepository();
  await cp(identityDir(), earlierDir(), { recursive: true });

  const claims = { operation: "restore", pointId, repositoryId, ...present(key) } as const;
  const headers = { [taskTokenHeader]: vouching.token(identity, claims) };
  const { repositoryAddress: address } = installation;
  const calls = dialer.dial({ address, role: "repository", proof: identity, headers }).service(RepositoryService);
  await using reading = await openReading(calls, pointId, AbortSignal.timeout(60_000));
  await using bus = await openBusAs(installation, { identity, busKey, ownerId: membership.id });
  const lost = Promise.withResolvers<string>();
  bus.onState(lost.resolve);

  await revoke("played");
  expect(await lost.promise).toBe("reconnecting");
  await untilAborted(reading.ended).catch(() => undefined);
  expect(reading.ended.reason).toMatchObject({ code: "IDENTITY_REVOKED" });
  revoked.push(member);
  await expectShutOut(member);
});

test("an agent that is revoked in mid-work: the task goes to another, its process ends and cannot come back", async () => {
  const { lab, operator, installation, run } = stage;
  await stage.change(vm, 7);
  await slowReads(lab);
  const sessionId = await stage.start(vm.name);
  await untilTransferring(lab, vm);
  const victim = present((await operator.session(sessionId)).tasks[0]).agentName;
  survivor = victim === "east-1" ? "east-2" : "east-1";
  const program = installation.agent(victim);
  await revoke(victim);
  await lab.control.clearFaults();

  const session = await operator.waitForEnd(sessionId);
  const [first, ...others] = present(session.tasks[0]).attempts;
  expect(first, describeSession(session)).toMatchObject({
    agentName: victim,
    message: expect.stringMatching(/was revoked/),
  });
  // The agent may hear it from the repository and say so, before the controller has ended the attempt.
  expect(["AGENT_LOST", "IDENTITY_REVOKED"]).toContain(first?.code);
  expect(others, describeSession(session)).toMatchObject([{ agentName: survivor, state: "succeeded" }]);
  expect(await program.exited).toEqual({ code: 77, signal: null });
  expect(await agentLog(victim)).toContain("IDENTITY_REVOKED");
  await stage.expectSound(vm, 2);
  expect(await shownAgent(victim)).toMatchObject({ state: "revoked", stateReason: "an operator revoked it" });

  await expect(program.start()).rejects.toThrow(/ended with code 77/);
  expect(await program.exited).toEqual({ code: 77, signal: null });
  const member = present(await readIdentityFolder(join(run.dir, `agent-${victim}`, "identity")));
  revoked.push(member);
  await expectShutOut(member);
});

test("the controller's database is lost: members go on and renew, the first token works, revoked stays revoked", async () => {
  const { installation, operator, lab } = stage;
  await installation.controller.stop();
  for (const name of await readdir(installation.controllerDir))
    if (name !== "identity") await rm(join(installation.controllerDir, name), { recursive: true });
  await installation.controller.start();

  await operator.addManager(lab);
  await operator.addRepository();
  await operator.waitForAgents(survivor);
  for (const member of revoked) await expectShutOut(member);
  const told = (await members()).filter(({ revokedMs }) => revokedMs > 0n).map(({ id }) => id);
  expect(told.toSorted()).toEqual(revoked.map(({ membership }) => membership.id).toSorted());

  const folder = join(stage.run.dir, `agent-${survivor}`, "identity");
  const { identity } = present(await readIdentityFolder(folder));
  const { certificatePem } = await renewAt(installation, identity);
  expect(readCertificate(certificatePem)).toMatchObject({ keyId: readCertificate(identity.certificatePem).keyId });

  await operator.createJob(vm.name, [vm.name]);
  const session = await stage.backUp(vm);
  expect(session.result, describeSession(session)).toBe(Result.SUCCESS);
  await stage.expectSound(vm, 3);
});

test("a controller put back to before a revocation is refused, said so, and works again with the right folder", async () => {
  const { installation, operator, run } = stage;
  const right = join(run.dir, "right-identity");
  await installation.controller.stop();
  await rename(identityDir(), right);
  await cp(earlierDir(), identityDir(), { recursive: true });
  await installation.controller.start();

  const outdated = /knows revocations up to number \d+, here number \d+ was seen/;
  await until("the repository to refuse", async () => outdated.test((await shownRepository()).stateReason));
  await until("the agent to refuse", async () => outdated.test((await shownAgent(survivor)).stateReason));
  expect(await shownRepository()).toMatchObject({ state: "refusing" });
  expect(await shownAgent(survivor)).toMatchObject({ state: "refusing" });
  expect(await agentLog(survivor)).toContain("CONTROLLER_OUTDATED");
  for (const log of ["controller.log", "repository.log"])
    expect(await readFile(join(run.dir, log), "utf8"), log).toContain("CONTROLLER_OUTDATED");
  const listed = await holdfast(["agent", "list"]);
  expect(listed.stdout).toMatch(new RegExp(`${survivor}.*refusing`));

  await installation.controller.stop();
  await rm(identityDir(), { recursive: true });
  await rename(right, identityDir());
  await installation.controller.start();
  await operator.waitForAgents(survivor);
  await until("the repository to work again", async () => (await shownRepository()).state === "reachable");
  for (const member of revoked) await expectShutOut(member);
  const session = await stage.backUp(vm);
  expect(session.result, describeSession(session)).toBe(Result.SUCCESS);
  await stage.expectSound(vm, 4);
});
