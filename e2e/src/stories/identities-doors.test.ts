import { AgentService } from "@holdfast/proto/holdfast/controller/v1/agent_pb";
import { IdentityService } from "@holdfast/proto/holdfast/controller/v1/identity_pb";
import { JobService } from "@holdfast/proto/holdfast/controller/v1/job_pb";
import { ManagerService } from "@holdfast/proto/holdfast/controller/v1/manager_pb";
import { RepositoryService } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { DiskService } from "@holdfast/proto/holdfast/disk/v1/disk_pb";
import { agentSubject, toAgentSubject, wakeSubject } from "@holdfast/shared/bus/subjects";
import type { StoredIdentity } from "@holdfast/shared/identity/identity-folder";
import type { PeerRole } from "@holdfast/shared/identity/peer-name";
import { parseUserToken, writeUserToken } from "@holdfast/shared/identity/user-token";
import { memoryLogger } from "@holdfast/shared/logging/memory-logger";
import type { ClientProof } from "@holdfast/shared/rpc/credentials";
import type { RpcClient } from "@holdfast/shared/rpc/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { alertOfBus } from "../harness/alert-of-bus.ts";
import { createDialer } from "../harness/dialer.ts";
import { present, quietMoment } from "../harness/operator.ts";
import { plainRpc, speakPlainly } from "../harness/plain-text.ts";
import { type Stage, openStage } from "../harness/stage.ts";
import { joinAgent, openBusAs } from "../harness/story-member.ts";
import { type Stranger, makeStranger } from "../harness/stranger.ts";
import { until } from "../harness/until.ts";
import { type Vouching, openVouching } from "../harness/vouching.ts";

const call = { timeoutMs: 30_000 };

let stage: Stage;
let vouching: Vouching;
let stranger: Stranger;
let member: StoredIdentity;
let diskServiceAddress: string;
const dialer = createDialer();

beforeAll(async () => {
  stage = await openStage({ agents: ["east-1"] });
  const { installation, run } = stage;
  vouching = await openVouching(installation.controllerDir);
  stranger = await makeStranger(run, [installation.joinAddress]);
  member = await joinAgent(installation, "played");
  const { agents } = await installation.api.service(AgentService).listAgents({}, call);
  ({ diskServiceAddress } = present(agents[0]));
});

afterAll(async () => {
  await dialer[Symbol.asyncDispose]();
  await stage?.[Symbol.asyncDispose]();
});

const dial = (address: string, role: PeerRole, proof: ClientProof, headers = {}): RpcClient =>
  dialer.dial({ address, role, proof, headers });

/** The operators' API, with this text in the place of a user's token. */
const asUser = (token: string | undefined): RpcClient =>
  dial(
    stage.installation.controllerAddress,
    "controller",
    vouching.installation.identity,
    token === undefined ? {} : { authorization: `Bearer ${token}` },
  );

const listJobs = (client: RpcClient): Promise<unknown> => client.service(JobService).listJobs({}, call);

describe("the operators' API", () => {
  test("an agent's certificate is no way in, and neither is one of a controller's", async () => {
    const proofs = [member.identity, await vouching.identity("controller", "story")];
    for (const proof of proofs) {
      const client = dial(stage.installation.joinAddress, "controller", proof);
      await expect(listJobs(client)).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    }
  });

  test("a token that is none, unknown, of a wrong secret or of another installation: UNAUTHENTICATED", async () => {
    const own = parseUserToken(vouching.adminToken);
    const texts = [
      undefined,
      "garbage",
      writeUserToken({ ...own, secret: `${own.secret.slice(0, -4)}AAAA` }),
      writeUserToken({ ...own, tokenId: "nobody" }),
      writeUserToken({ ...own, installationId: stranger.vouching.installation.installationId }),
      stranger.vouching.adminToken,
    ];
    for (const text of texts)
      await expect(listJobs(asUser(text)), text?.slice(0, 8)).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  });

  test("a viewer looks and changes nothing, an operator works and administers nothing, and both end by revocation", async () => {
    const identities = stage.installation.api.service(IdentityService);
    const make = async (role: string) => {
      const { secret, token } = await identities.createUserToken({ name: `a ${role}`, role, validDays: 1 }, call);
      return { client: asUser(secret), tokenId: present(token).tokenId };
    };
    const [viewer, operator] = [await make("viewer"), await make("operator")];
    const denied = { code: "PERMISSION_DENIED" };

    await listJobs(viewer.client);
    const job = { name: "viewers", vms: [], repository: "main" };
    await expect(viewer.client.service(JobService).createJob({ definition: job }, call)).rejects.toMatchObject(denied);
    await expect(viewer.client.service(JobService).runJob({ job: "none", requestId: "1" }, call)).rejects.toMatchObject(
      denied,
    );

    await expect(
      operator.client.service(JobService).runJob({ job: "none", requestId: "1" }, call),
    ).rejects.toMatchObject({ code: "NOT_FOUND" });
    const administering: readonly ((client: RpcClient) => Promise<unknown>)[] = [
      (client) => client.service(ManagerService).removeManager({ manager: "ovirt" }, call),
      (client) => client.service(ManagerService).editManager({ manager: "ovirt", password: "stolen" }, call),
      (client) => client.service(IdentityService).invite({ role: "agent" }, call),
      (client) => client.service(IdentityService).revokeMember({ role: "agent", member: "east-1" }, call),
      (client) => client.service(IdentityService).createUserToken({ name: "more", role: "admin" }, call),
      (client) => client.service(IdentityService).listUserTokens({}, call),
    ];
    for (const ask of administering) await expect(ask(operator.client)).rejects.toMatchObject(denied);

    for (const { client, tokenId } of [viewer, operator]) {
      await identities.revokeUserToken({ tokenId }, call);
      await expect(listJobs(client)).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    }
  });

  test("a server of another installation is not believed by who dials it", async () => {
    const client = dial(stage.installation.joinAddress, "controller", stranger.vouching.installation.identity);
    await expect(listJobs(client)).rejects.toMatchObject({ code: "PEER_UNTRUSTED" });
  });
});

describe("a certificate of another installation", () => {
  test("opens neither a repository nor an agent's disks, and its holder believes neither of them", async () => {
    const { repositoryAddress } = stage.installation;
    for (const [role, address] of [
      ["repository", repositoryAddress],
      ["agent", diskServiceAddress],
    ] as const) {
      const ask = (proof: ClientProof): Promise<unknown> => {
        const client = dial(address, role, proof);
        return role === "repository"
          ? client.service(RepositoryService).getRepository({}, call)
          : Array.fromAsync(client.service(DiskService).openDisk({}, call));
      };
      const own = await stranger.vouching.identity("controller", "story");
      await expect(ask(own), role).rejects.toMatchObject({ code: "PEER_UNTRUSTED" });
      // The handshake ends it, or the first look; nothing is answered either way.
      const refused = { code: expect.stringMatching(/^(?:UNAVAILABLE|UNAUTHENTICATED|PEER_UNTRUSTED)$/) };
      await expect(ask(await stranger.intruder("controller", vouching)), role).rejects.toMatchObject(refused);
      const { caPem, installationId } = vouching.installation.identity;
      await expect(ask({ caPem, installationId }), `${role}, without any`).rejects.toMatchObject(refused);
    }
  });

  test("opens no bus, with whatever user; and a user of another bus is not let in with our certificate", async () => {
    const { installation } = stage;
    const identity = await stranger.intruder("agent", vouching);
    const visits = [
      // The server's alert comes after the client's own end of the handshake, and the client library loses it.
      { identity, busKey: member.busKey, cause: "TIMEOUT" },
      { identity: member.identity, busKey: await stranger.busKey(), cause: "AUTHORIZATION_VIOLATION" },
      {
        identity: await stranger.vouching.identity("agent", "story"),
        busKey: member.busKey,
        cause: "SELF_SIGNED_CERT_IN_CHAIN",
      },
    ];
    for (const { cause, ...visit } of visits) {
      const opened = openBusAs(installation, { ...visit, ownerId: "story", withinMs: 500 });
      await expect(opened, cause).rejects.toMatchObject({ code: "UNAVAILABLE", cause: { code: cause } });
    }
    const address = String(installation.nats.ready.address);
    expect(await alertOfBus(address, identity)).toMatch(/ALERT_(?:BAD_CERTIFICATE|UNKNOWN_CA)$/);
    await expect(alertOfBus(address, member.identity)).rejects.toThrow("the bus talks: ");
  });
});

test("an agent on the bus speaks under no other name and hears nothing that is not meant for it", async () => {
  const { installation } = stage;
  const log = memoryLogger();
  const { identity, busKey, membership } = member;
  const bus = await openBusAs(installation, { identity, busKey, ownerId: membership.id, log });
  const { agents } = await installation.api.service(AgentService).listAgents({}, call);
  const otherId = present(agents.find(({ name }) => name === "east-1")).agentId;
  const heard: string[] = [];
  const ears = [
    agentSubject(otherId, "claim"),
    toAgentSubject(otherId),
    wakeSubject("ovirt", "west"),
    `_INBOX_${otherId}.>`,
    "hf.v1.>",
    "$SYS.>",
    ">",
  ];
  const listening = ears.map(async (subject) => {
    for await (const { subject: from } of await bus.subscribe(subject)) heard.push(from);
  });
  await until(
    "every ear to be refused",
    () => log.lines.filter((line) => JSON.stringify(line).includes("ermissions")).length >= ears.length,
  );

  for (const subject of [
    agentSubject(otherId, "claim"),
    agentSubject(otherId, "hello"),
    toAgentSubject(otherId),
    "hf.v1.x",
    "$SYS.REQ.CLAIMS.UPDATE",
    "$JS.API.INFO",
  ]) {
    await expect(bus.request(subject, Buffer.of(), { timeoutMs: 10_000 }), subject).rejects.toMatchObject({
      code: "PERMISSION_DENIED",
    });
  }
  // Somebody else's traffic, which must not be overheard.
  await stage.operator.waitForAgents("east-1");
  await quietMoment(500);
  await bus[Symbol.asyncDispose]();
  await Promise.all(listening);
  expect(heard).toEqual([]);
});

/** How all that is answered before the other side hangs up may begin: nothing, or an alert of TLS. */
const plainAnswers = ["", "\u0015\u0003"];

test("there is no way in without TLS: not to the API, a repository, an agent's disks or the bus", async () => {
  const { controllerAddress, joinAddress, repositoryAddress, nats } = stage.installation;
  for (const address of [controllerAddress, joinAddress, repositoryAddress, diskServiceAddress])
    expect(plainAnswers, address).toContain((await speakPlainly(address, plainRpc)).slice(0, 2));
  const bus = await speakPlainly(String(nats.ready.address), 'CONNECT {"verbose":true}\r\nPING\r\n');
  expect(bus).toContain('"tls_required":true');
  expect(bus).not.toMatch(/\+OK|PONG/);
});
