import { join } from "node:path";
import { HelloRequestSchema, HelloResponseSchema } from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import { type Agent, AgentService } from "@holdfast/proto/holdfast/controller/v1/agent_pb";
import { Result } from "@holdfast/proto/holdfast/controller/v1/common_pb";
import { agentSubject } from "@holdfast/shared/bus/subjects";
import { busRequest } from "@holdfast/shared/bus/typed";
import { systemClock } from "@holdfast/shared/clock/clock";
import { type CertificateFacts, readCertificate } from "@holdfast/shared/identity/certificates";
import { readIdentityFolder } from "@holdfast/shared/identity/identity-folder";
import { versionHeader } from "@holdfast/shared/version/compatible";
import { productVersion } from "@holdfast/shared/version/product-version";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openCommandLine } from "../harness/command-line.ts";
import { patientWithAgents } from "../harness/installation.ts";
import { slowReads } from "../harness/mid-transfer.ts";
import { describeSession, present } from "../harness/operator.ts";
import { callRaw } from "../harness/raw-rpc.ts";
import { certificateShownAt } from "../harness/shown-certificate.ts";
import { type Stage, openStage } from "../harness/stage.ts";
import { joinAgent, openBusAs } from "../harness/story-member.ts";
import { until } from "../harness/until.ts";
import { openVouching } from "../harness/vouching.ts";

const call = { timeoutMs: 30_000 };
/** Certificates are renewed at two thirds of it. */
const certificateLifeMs = 12_000;

let stage: Stage;

beforeAll(async () => {
  stage = await openStage({
    agents: ["east-1"],
    controllerEnv: {
      ...patientWithAgents,
      HOLDFAST_CONTROLLER_IDENTITY_CERTIFICATE_LIFE_MS: String(certificateLifeMs),
      HOLDFAST_CONTROLLER_WORK_LANES: "1",
    },
  });
});

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
});

const members = { agent: join("agent-east-1", "identity"), repository: "repository-identity" } as const;

/** The certificate that a member keeps now. */
const keptBy = async (member: keyof typeof members): Promise<CertificateFacts> => {
  const stored = present(await readIdentityFolder(join(stage.run.dir, members[member])));
  return readCertificate(stored.identity.certificatePem);
};

const shownAgent = async (name: string): Promise<Agent> => {
  const { agents } = await stage.installation.api.service(AgentService).listAgents({}, call);
  return present(agents.find((agent) => agent.name === name));
};

/** Waits until a member has renewed its certificate so often. */
const untilRenewed = async (member: keyof typeof members, times: number): Promise<void> => {
  const seen = new Set<string>();
  await until(`${member} to renew ${times} times`, async () => seen.add((await keptBy(member)).serial).size > times);
};

interface ListedMember {
  readonly name: string;
  readonly issuedMs: string;
}

const listedMembers = async (): Promise<readonly ListedMember[]> => {
  const said = await openCommandLine(stage.run, stage.installation)(["member", "list", "-o", "json"]);
  expect(said.code, said.stderr).toBe(0);
  return (JSON.parse(said.stdout) as { readonly members: readonly ListedMember[] }).members;
};

test("certificates are renewed twice under a running backup, which does not notice", async () => {
  const { lab, operator, installation } = stage;
  const vm = await stage.addVm("long", { sizeMiB: 96, filledMiB: 90 });
  await slowReads(lab);
  const sessionId = await stage.start(vm.name);
  await until("the upload to be under way", async () => {
    const task = present((await operator.session(sessionId)).tasks[0]);
    return (task.disks[0]?.bytes?.storedBytes ?? 0n) > 0n;
  });
  await slowReads(lab, 6_000);
  const atStart = { agent: await keptBy("agent"), repository: await keptBy("repository") };
  const listedAtStart = await listedMembers();
  expect(listedAtStart.map(({ name }) => name)).toContain("east-1");
  await Promise.all([untilRenewed("agent", 2), untilRenewed("repository", 2)]);
  await until("every certificate of the start to have ended", () =>
    Object.values(atStart).every(({ notAfterMs }) => systemClock.nowMs() > notAfterMs),
  );
  expect(present((await operator.session(sessionId)).tasks[0])).toMatchObject({ state: "running", attemptNumber: 1 });
  await lab.control.clearFaults();

  const session = await operator.waitForEnd(sessionId);
  expect(session.result, describeSession(session)).toBe(Result.SUCCESS);
  expect(session.tasks[0]?.attempts, describeSession(session)).toMatchObject([{ number: 1, state: "succeeded" }]);
  await stage.expectSound(vm, 1);

  const listed = await listedMembers();
  for (const { name, issuedMs } of listedAtStart)
    expect(Number(listed.find((one) => one.name === name)?.issuedMs), name).toBeGreaterThan(Number(issuedMs));

  const identity = await (await openVouching(installation.controllerDir)).identity("controller", "story");
  const servers = {
    repository: installation.repositoryAddress,
    agent: (await shownAgent("east-1")).diskServiceAddress,
  } as const;
  for (const member of ["repository", "agent"] as const) {
    await until(`${member} to show the certificate that it keeps`, async () => {
      const shown = await certificateShownAt(servers[member], identity);
      return shown.serial !== atStart[member].serial && shown.serial === (await keptBy(member)).serial;
    });
  }

  await stage.change(vm, 3);
  const next = await stage.backUp(vm);
  expect(next.result, describeSession(next)).toBe(Result.SUCCESS);
  await stage.expectSound(vm, 2);
});

test("an agent and a repository that slept past the end of their certificates renew them first, and work", async () => {
  const { installation, operator } = stage;
  const vm = await stage.addVm("slept");
  await installation.agent("east-1").stop();
  await installation.repository.stop();
  const ended = [await keptBy("agent"), await keptBy("repository")];
  await until("their certificates to end", () =>
    ended.every(({ notAfterMs }) => systemClock.nowMs() > notAfterMs + 1_000),
  );
  await installation.repository.start();
  await installation.agent("east-1").start();
  await operator.waitForAgents("east-1");
  const session = await stage.backUp(vm);
  expect(session.result, describeSession(session)).toBe(Result.SUCCESS);
  await stage.expectSound(vm, 1);
});

const [major = 0, minor = 0] = productVersion.split(".").map(Number);
const nextMinor = `${major}.${minor + 1}.0`;

test("a hello of a version too far away is refused and shown, one of the next minor version is welcome", async () => {
  const { installation } = stage;
  const { identity, busKey, membership } = await joinAgent(installation, "played");
  const agentId = membership.id;
  await using bus = await openBusAs(installation, { identity, busKey, ownerId: agentId });
  const hello = { subject: agentSubject(agentId, "hello"), request: HelloRequestSchema, response: HelloResponseSchema };
  const say = (version: string) =>
    busRequest(bus, hello, { agentId, incarnation: "story", version, slots: 1 }, { timeoutMs: 10_000 });

  expect(await say(nextMinor)).toMatchObject({ installationId: membership.installationId });
  expect(await shownAgent("played")).toMatchObject({ state: "healthy", version: nextMinor });
  for (const version of [`${major}.${minor + 2}.0`, `${major + 1}.${minor}.0`, ""]) {
    await expect(say(version)).rejects.toMatchObject({
      code: "VERSION_UNSUPPORTED",
      message: expect.stringMatching(`agent played has version ${version || "unknown"}, this is ${productVersion}`),
    });
    expect(await shownAgent("played")).toMatchObject({
      state: "incompatible",
      stateReason: expect.stringContaining(productVersion),
    });
  }
});

test("a call of a version too far away is refused, one of the next minor version is answered", async () => {
  const { joinAddress: address, controllerDir, adminToken } = stage.installation;
  const { installation } = await openVouching(controllerDir);
  const ask = (version: string) =>
    callRaw({
      address,
      trust: installation.identity,
      method: "holdfast.controller.v1.JobService/ListJobs",
      headers: { authorization: `Bearer ${adminToken}`, [versionHeader]: version },
    });

  expect(await ask(nextMinor)).toMatchObject({ "grpc-status": "0" });
  for (const version of [`${major}.${minor + 2}.0`, `${major + 1}.${minor}.0`, "dev"])
    expect(await ask(version)).toMatchObject({ "error-code": "VERSION_UNSUPPORTED" });
});
