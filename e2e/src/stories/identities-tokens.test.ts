import { generateKeyPairSync } from "node:crypto";
import { AgentService } from "@holdfast/proto/holdfast/controller/v1/agent_pb";
import { Result } from "@holdfast/proto/holdfast/controller/v1/common_pb";
import { DiskService } from "@holdfast/proto/holdfast/disk/v1/disk_pb";
import { type PointSummary, RepositoryService } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { systemClock } from "@holdfast/shared/clock/clock";
import type { Identity } from "@holdfast/shared/identity/identity";
import { signTaskToken, type TaskClaims, taskTokenHeader } from "@holdfast/shared/identity/task-token";
import { openReading } from "@holdfast/shared/reading/open-reading";
import type { ServiceClient } from "@holdfast/shared/rpc/client-types";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDialer } from "../harness/dialer.ts";
import { describeSession, present } from "../harness/operator.ts";
import { openPointReader } from "../harness/point-reader.ts";
import { type Stage, type StagedVm, openStage } from "../harness/stage.ts";
import { type Vouching, openVouching } from "../harness/vouching.ts";

const call = { timeoutMs: 30_000 };
const hourMs = 3_600_000;
/** Longer than the clocks of two machines may be apart. */
const longAgoMs = 25 * hourMs;

let stage: Stage;
let vouching: Vouching;
let vm: StagedVm;
let point: PointSummary;
let otherPoint: PointSummary;
let repositoryId: string;
let lender: { readonly agentId: string; readonly address: string };
/** An agent that the story plays, by a certificate that the authority signed. */
let agent: Identity;
let otherAgent: Identity;
const dialer = createDialer();

beforeAll(async () => {
  stage = await openStage({ agents: ["east-1"] });
  vouching = await openVouching(stage.installation.controllerDir);
  [agent, otherAgent] = [await vouching.identity("agent", "story"), await vouching.identity("agent", "other")];
  vm = await stage.addVm("own");
  const others = await stage.addVm("others");
  for (const one of [vm, others]) {
    const session = await stage.backUp(one);
    expect(session.result, describeSession(session)).toBe(Result.SUCCESS);
  }
  await using reader = await openPointReader(stage.installation.door);
  const points = await reader.list();
  point = present(points.find(({ vmName }) => vmName === "own"));
  otherPoint = present(points.find(({ vmName }) => vmName === "others"));
  ({ repositoryId } = await repository(await vouching.identity("controller", "story"), undefined, {
    "holdfast-trust-number": String(await vouching.trustNumber()),
  }).getRepository({}, call));
  const { agents } = await stage.installation.api.service(AgentService).listAgents({}, call);
  lender = { agentId: present(agents[0]).agentId, address: present(agents[0]).diskServiceAddress };
});

afterAll(async () => {
  await dialer[Symbol.asyncDispose]();
  await stage?.[Symbol.asyncDispose]();
});

/** The repository's service, as whoever shows this certificate and this token. */
const repository = (
  proof: Identity,
  token: string | undefined,
  headers = {},
): ServiceClient<typeof RepositoryService> => {
  const address = stage.installation.repositoryAddress;
  const shown = { ...(token !== undefined && { [taskTokenHeader]: token }), ...headers };
  return dialer.dial({ address, role: "repository", proof, headers: shown }).service(RepositoryService);
};

/** The agent's service of disks. */
const disks = (proof: Identity, token: string | undefined): ServiceClient<typeof DiskService> => {
  const headers = token === undefined ? {} : { [taskTokenHeader]: token };
  return dialer.dial({ address: lender.address, role: "agent", proof, headers }).service(DiskService);
};

const ownVm = () => ({ engineInstanceId: present(point.vm).engineInstanceId, vmId: vm.id });
const attempt = { taskId: "storystorystorystory", attemptId: "storyattemptstoryatt" };

/** What the controller would allow the agent to write. */
const writing = (): Partial<TaskClaims> => ({
  operation: "backup",
  ...attempt,
  attemptNumber: 1,
  repositoryId,
  ...ownVm(),
});

/** What the controller would allow the agent to read. */
const reading = (): Partial<TaskClaims> => ({ ...writing(), operation: "restore", pointId: point.pointId });

const upload = (identity: Identity, token: string | undefined, change: { readonly basePointId?: string } = {}) =>
  present(
    repository(identity, token).openUpload(
      {
        attempt: { taskId: attempt.taskId, number: 1, attemptId: attempt.attemptId },
        vm: ownVm(),
        basePointId: "",
        repositoryId,
        installationId: "",
        ...change,
      },
      call,
    ),
  );

/** The first answer of a stream of answers, which is then left. */
const first = async <Answer>(answers: AsyncIterable<Answer>): Promise<Answer> => {
  for await (const answer of answers) return answer;
  throw new Error("no answer");
};

/** Tokens that are wrong whatever they are for, with what is said of each. */
const forgeries: readonly [string, RegExp, (claims: Partial<TaskClaims>) => string | undefined][] = [
  ["none at all", /none was shown/, () => undefined],
  ["no token", /it is none/, () => "garbage"],
  [
    "a stranger's, under the name of the controller's key",
    /signature is wrong/,
    (claims) => strangersToken(claims, vouching.installation.signer.id),
  ],
  ["a stranger's, under its own name", /nobody known signed it/, (claims) => strangersToken(claims, "stranger")],
  ["claims that were changed after signing", /signature is wrong/, (claims) => changed(vouching.token(agent, claims))],
  [
    "one that has expired",
    /has expired/,
    (claims) => vouching.token(agent, { ...claims, expiresMs: systemClock.nowMs() - longAgoMs }),
  ],
  ["one that another agent was given", /given to another/, (claims) => vouching.token(otherAgent, claims)],
  [
    "one of another installation",
    /another installation/,
    (claims) => vouching.token(agent, { ...claims, installationId: "elsewhere" }),
  ],
];

const strangersToken = (claims: Partial<TaskClaims>, id: string): string => {
  const keyPem = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const [, , payload = ""] = vouching.token(agent, claims).split(".");
  const whole = JSON.parse(Buffer.from(payload, "base64url").toString("utf8")) as TaskClaims;
  return signTaskToken({ id, keyPem }, whole);
};

/** The same claims but for another VM, under the signature of the old ones. */
const changed = (token: string): string => {
  const [form, key, payload = "", signature] = token.split(".");
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString("utf8")) as TaskClaims;
  const other = Buffer.from(JSON.stringify({ ...claims, vmId: "another" })).toString("base64url");
  return [form, key, other, signature].join(".");
};

const refusal = (words: RegExp) => ({ code: "TOKEN_REFUSED", message: expect.stringMatching(words) });

describe("a repository opens no upload and no reading for", () => {
  test.for(forgeries)("%s", async ([, words, make]) => {
    await expect(first(upload(agent, make(writing())))).rejects.toMatchObject(refusal(words));
    const reader = repository(agent, make(reading()));
    await expect(first(reader.openReading({ pointId: point.pointId }, call))).rejects.toMatchObject(refusal(words));
  });

  test.for<[string, RegExp, () => Partial<TaskClaims>]>([
    ["another task", /another attempt/, () => ({ taskId: "othertaskothertaskot" })],
    ["another attempt of the task", /another attempt/, () => ({ attemptNumber: 2 })],
    ["another try of the same number", /another attempt/, () => ({ attemptId: "otherattemptotheratt" })],
    ["another VM", /another VM/, () => ({ vmId: "another" })],
    ["a VM of another engine", /another VM/, () => ({ engineInstanceId: "another" })],
    ["another repository", /another repository/, () => ({ repositoryId: "another" })],
    ["reading", /it is for restore/, reading],
    ["lending", /it is for lend/, () => ({ operation: "lend" })],
  ])("a token for %s", async ([, words, change]) => {
    const token = vouching.token(agent, { ...writing(), ...change() });
    await expect(first(upload(agent, token))).rejects.toMatchObject(refusal(words));
  });

  test("a token for another point, or for writing", async () => {
    const others = repository(agent, vouching.token(agent, reading()));
    await expect(first(others.openReading({ pointId: otherPoint.pointId }, call))).rejects.toMatchObject(
      refusal(/another point/),
    );
    const writer = repository(agent, vouching.token(agent, writing()));
    await expect(first(writer.openReading({ pointId: point.pointId }, call))).rejects.toMatchObject(
      refusal(/it is for backup/),
    );
  });

  test("an upload on top of another VM's point", async () => {
    const answer = first(upload(agent, vouching.token(agent, writing()), { basePointId: otherPoint.pointId }));
    await expect(answer).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringMatching(/another VM/),
    });
  });

  test("roles that have no business with it", async () => {
    const operator = await vouching.identity("operator", "story");
    await expect(first(upload(operator, vouching.token(operator, writing())))).rejects.toMatchObject(
      refusal(/it is for backup/),
    );
    for (const role of ["controller", "bus", "repository"] as const) {
      const identity = await vouching.identity(role, "story");
      await expect(first(upload(identity, vouching.token(identity, writing()))), role).rejects.toMatchObject({
        code: "PERMISSION_DENIED",
      });
    }
  });
});

test("what an agent opened exists for no other, and the token of the same task does not help", async () => {
  const own = repository(agent, vouching.token(agent, reading()));
  await using held = await openReading(own, point.pointId, AbortSignal.timeout(30_000));
  const thief = repository(otherAgent, vouching.token(otherAgent, reading()));
  const diskId = present(point.disks[0]).diskId;
  const holder = { case: "readingId" as const, value: held.readingId };
  const leaves = { holder, diskId, firstLeaf: 0, count: 1, idsOnly: true };
  expect(await first(own.readLeaves(leaves, call))).toMatchObject({ leaf: 0 });
  await expect(first(thief.readLeaves(leaves, call))).rejects.toMatchObject({ code: "READING_UNKNOWN" });
});

test("an agent may ask a repository for nothing that is a controller's, whatever token it shows", async () => {
  const service = repository(agent, vouching.token(agent, writing()));
  const { pointId } = point;
  const fenced = { taskId: pointId, number: 1, attemptId: point.attemptId };
  const asked: Readonly<Record<string, () => Promise<unknown>>> = {
    getRepository: () => service.getRepository({}, call),
    listPoints: () => first(service.listPoints({}, call)),
    getPoint: () => first(service.getPoint({ pointId }, call)),
    removePoint: () => service.removePoint({ pointId, belowFloor: true, reason: "theft" }, call),
    verifyPoint: () => first(service.verifyPoint({ pointId }, call)),
    fence: () => service.fence({ attempt: fenced }, call),
    updateTrust: () => service.updateTrust({ trust: "" }, call),
  };
  for (const [name, ask] of Object.entries(asked))
    await expect(ask(), name).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
  await stage.expectSound(vm, 1);
});

test("a controller that does not say which revocations it knows, or says too few, is asked for the newest", async () => {
  const controller = await vouching.identity("controller", "story");
  for (const headers of [{}, { "holdfast-trust-number": "-1" }, { "holdfast-trust-number": "many" }]) {
    await expect(repository(controller, undefined, headers).getRepository({}, call)).rejects.toMatchObject({
      code: "CONTROLLER_OUTDATED",
    });
  }
});

describe("an agent lends no disk for", () => {
  const loan = { loanId: "storyloanstoryloansto", ...attempt, diskId: "disk" };
  const lending = (): Partial<TaskClaims> => ({
    operation: "lend",
    ...attempt,
    attemptNumber: 1,
    lenderId: lender.agentId,
    diskId: loan.diskId,
  });

  test.for(forgeries)("%s", async ([, words, make]) => {
    await expect(first(disks(agent, make(lending())).openDisk(loan, call))).rejects.toMatchObject(refusal(words));
  });

  test.for<[string, RegExp, Partial<TaskClaims>]>([
    ["another lender", /another lender/, { lenderId: "another" }],
    ["another disk", /another disk/, { diskId: "another" }],
    ["another task", /another attempt/, { taskId: "another" }],
    ["another attempt", /another attempt/, { attemptId: "another" }],
    ["writing a backup", /it is for backup/, { operation: "backup" }],
  ])("a token for %s", async ([, words, change]) => {
    const token = vouching.token(agent, { ...lending(), ...change });
    await expect(first(disks(agent, token).openDisk(loan, call))).rejects.toMatchObject(refusal(words));
  });

  test("another role, or a loan that the controller never made", async () => {
    const repositoryItself = await vouching.identity("repository", "story");
    const token = vouching.token(repositoryItself, lending());
    await expect(first(disks(repositoryItself, token).openDisk(loan, call))).rejects.toMatchObject({
      code: "PERMISSION_DENIED",
    });
    const asked = first(disks(agent, vouching.token(agent, lending())).openDisk(loan, call));
    await expect(asked).rejects.toMatchObject({ code: expect.stringMatching(/^(?:NOT_FOUND|ATTEMPT_UNKNOWN)$/) });
  });

  test("a disk that another opened", async () => {
    const service = disks(agent, vouching.token(agent, lending()));
    const extents = service.readExtents({ openDiskId: "somebodyelsesopendisk", context: 1 }, call);
    await expect(first(extents)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});
