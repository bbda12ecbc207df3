import { createHash, createPrivateKey, sign } from "node:crypto";
import { cp, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { HelloRequestSchema, HelloResponseSchema } from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import { AgentService } from "@holdfast/proto/holdfast/controller/v1/agent_pb";
import { EnrollRequestSchema, IdentityService } from "@holdfast/proto/holdfast/controller/v1/identity_pb";
import { JobService } from "@holdfast/proto/holdfast/controller/v1/job_pb";
import { PointService } from "@holdfast/proto/holdfast/controller/v1/point_pb";
import { RepositoryRegistryService } from "@holdfast/proto/holdfast/controller/v1/repository_pb";
import { RepositoryService } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { create } from "@bufbuild/protobuf";
import { makeBusUser } from "@holdfast/shared/bus/bus-accounts";
import type { Bus } from "@holdfast/shared/bus/bus";
import { busCredentials } from "@holdfast/shared/bus/credentials";
import { openBus } from "@holdfast/shared/bus/nats-bus";
import { agentSubject, wakeSubject } from "@holdfast/shared/bus/subjects";
import { busRequest } from "@holdfast/shared/bus/typed";
import { systemClock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { Secret } from "@holdfast/shared/config/secret";
import { readCertificate, requestCertificate, requestRenewal } from "@holdfast/shared/identity/certificates";
import { parseJoinToken } from "@holdfast/shared/identity/join-token";
import { keepRenewed, renewalText } from "@holdfast/shared/identity/keep-renewed";
import { type OpenMembership, openMembership } from "@holdfast/shared/identity/open-membership";
import { openTaskToken } from "@holdfast/shared/identity/task-token";
import { openTrustBundle } from "@holdfast/shared/identity/trust-bundle";
import { trustNumberHeader } from "@holdfast/shared/identity/trust-number";
import { controllerOwner } from "@holdfast/shared/installation/make-installation";
import { openInstallation } from "@holdfast/shared/installation/open-installation";
import { type MemoryLogger, memoryLogger } from "@holdfast/shared/logging/memory-logger";
import type { RpcClient } from "@holdfast/shared/rpc/client";
import { serverCredentials } from "@holdfast/shared/rpc/credentials";
import { serveService } from "@holdfast/shared/rpc/implementation";
import { type RpcServer, openRpcServer } from "@holdfast/shared/rpc/server";
import { productVersion } from "@holdfast/shared/version/product-version";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { controllerConfigSchema } from "../config/controller-config.ts";
import { type Controller, createController } from "../create-controller.ts";
import { openDatabase } from "../database/database.ts";
import { openTestIdentity, type TestIdentity } from "../testing/open-test-identity.ts";
import { openTestInstallation, type TestInstallationFolder } from "../testing/open-test-installation.ts";
import { scriptedEngines, testInventory, testVm } from "../testing/scripted-engine.ts";
import { enroll } from "./enroll.ts";
import { createWorkerJoinTokens } from "./join-token-issuer.ts";

let home: TestInstallationFolder;
let folder: string;
let log: MemoryLogger;
let controller: Controller;
let client: RpcClient;
const engines = scriptedEngines(testInventory([testVm("one", "c1")]));
const within = { timeout: 10_000, interval: 20 };

const open = async (identity: Readonly<Record<string, unknown>> = {}): Promise<void> => {
  const config = controllerConfigSchema.parse({
    dataDir: folder,
    rpc: { listen: "127.0.0.1:0" },
    bus: { servers: [home.nats.url] },
    identity,
  });
  controller = await createController(config, log, { engines });
  client = home.dial(controller.address);
};
const close = async (): Promise<void> => {
  await client[Symbol.asyncDispose]();
  await controller[Symbol.asyncDispose]();
};
beforeAll(async () => {
  home = await openTestInstallation();
});
afterAll(() => home[Symbol.asyncDispose]());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hf-mem-"));
  log = memoryLogger();
  await cp(join(home.dataDir, "identity"), join(folder, "identity"), { recursive: true });
  await open();
});
afterEach(async () => {
  await close();
  await rm(folder, { recursive: true });
});

const identityCalls = () => client.service(IdentityService);
const said = { name: "its own name", managerName: "its own manager", clusterName: "its own cluster", repositoryId: "" };

let joined = 0;
const join_ = (token: string, role: "agent" | "repository" = "agent", repositoryId = ""): Promise<OpenMembership> =>
  openMembership(
    {
      role,
      folder: join(folder, `member-${(joined += 1)}`),
      joinBy: { joinToken: new Secret(token), joinTokenFile: "" },
      said: { ...said, repositoryId },
    },
    { clock: systemClock, log },
    systemClock.timeout(10_000),
  );
const inviteAgent = async (wish: object = {}): Promise<string> =>
  (await identityCalls().invite({ role: "agent", ...wish })).joinToken;
const busOf = (member: OpenMembership): Promise<Bus> =>
  openBus({
    servers: [home.nats.url],
    credentials: busCredentials(member.holder, member.busKey ?? { jwt: "", seed: "" }),
    name: "agent",
    ownerId: member.membership.id,
    log,
    connectTimeoutMs: 1_000,
  });
const hello = (bus: Bus, agentId: string, facts: object = {}) =>
  busRequest(
    bus,
    { subject: agentSubject(agentId, "hello"), request: HelloRequestSchema, response: HelloResponseSchema },
    {
      v: 1,
      agentId,
      name: "said",
      managerName: "said",
      incarnation: "l1",
      version: productVersion,
      slots: 1,
      ...facts,
    },
    { timeoutMs: 3_000 },
  );

const renew = async ({ holder }: OpenMembership, askedMs = Date.now()) => {
  const { certificatePem, keyPem } = holder.current;
  const requestPem = await requestRenewal(keyPem);
  const signature = sign("sha256", Buffer.from(renewalText(askedMs, requestPem)), createPrivateKey(keyPem));
  return await identityCalls().renew({ certificatePem, requestPem, askedMs: BigInt(askedMs), signature });
};

/** The identity part of another controller of this installation's making, without an API. */
const openIdentityBench = async (): Promise<TestIdentity> => {
  const own = await mkdtemp(join(folder, "bench-"));
  await cp(join(home.dataDir, "identity"), join(own, "identity"), { recursive: true });
  const installation = await openInstallation(own);
  const database = await openDatabase(":memory:", systemClock);
  const systemBus = await home.connect(controllerOwner(installation.installationId), {
    busKey: installation.systemBusKey,
  });
  const opened = await openTestIdentity({ installation, database, systemBus, log });
  return {
    ...opened,
    [Symbol.asyncDispose]: async () => {
      await opened[Symbol.asyncDispose]();
      await systemBus[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
};

describe("joining", () => {
  it("gives an agent an id, the place of its invitation, and a user of the bus that speaks for it alone", async () => {
    const token = await inviteAgent({ name: "agent-1", managerName: "prod", clusterName: "east" });
    const member = await join_(token);
    expect(member.membership).toMatchObject({
      id: expect.stringMatching(/^[0-9a-z]{16}$/),
      name: "agent-1",
      managerName: "prod",
      clusterName: "east",
      controllers: [controller.address],
      busServers: [home.nats.url],
    });
    const { id } = member.membership;
    await using bus = await busOf(member);
    expect(await hello(bus, id)).toMatchObject({ trust: member.trust.signed });
    await expect(hello(bus, "another")).rejects.toBeInstanceOf(HoldfastError);
    const { agent } = await client.service(AgentService).getAgent({ agent: id });
    expect(agent).toMatchObject({ name: "agent-1", managerName: "prod", clusterName: "east", state: "unplaced" });
    expect(Number(agent?.certificateExpiresMs)).toBeGreaterThan(Date.now());
  });

  it("leaves to an agent what its invitation does not say", async () => {
    const { membership } = await join_(await inviteAgent());
    expect(membership).toMatchObject({ name: said.name, managerName: said.managerName });
  });

  it("is good once, for the role that it names, and not after its time", async () => {
    const token = await inviteAgent();
    await join_(token);
    await expect(join_(token)).rejects.toMatchObject({ code: "JOIN_REFUSED" });
    const { inviteId, secret } = parseJoinToken(token);
    const { requestPem } = await requestCertificate();
    const guessed = identityCalls().enroll({ inviteId, secret: `${secret}x`, requestPem, busPublicKey: "U" });
    await expect(guessed).rejects.toMatchObject({ code: "JOIN_REFUSED", message: expect.stringContaining("unknown") });
    await expect(identityCalls().enroll({ inviteId, secret, requestPem: "x" })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
    await expect(identityCalls().invite({ role: "controller" })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    const wrong = identityCalls().invite({ role: "repository", managerName: "prod", clusterName: "east" });
    await expect(wrong).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  it("lets in one of two that come with one token at once", async () => {
    const token = await inviteAgent();
    const results = await Promise.allSettled([join_(token), join_(token)]);
    expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  });

  it("gives a repository its own id, once: another server of it needs an invitation that says so", async () => {
    const invite = async (replacesRepositoryId = ""): Promise<string> =>
      (await identityCalls().invite({ role: "repository", replacesRepositoryId })).joinToken;
    const id = "0b0e3f1c-5a54-4c52-9d5e-6d1a1f0a8c11";
    const first = await join_(await invite(), "repository", id);
    expect(readCertificate(first.holder.current.certificatePem).name).toMatchObject({ role: "repository", id });
    await expect(join_(await invite(), "repository", id)).rejects.toMatchObject({ code: "JOIN_REFUSED" });
    const second = await join_(await invite(id), "repository", id);
    const trust = openTrustBundle((await identityCalls().getTrust({})).trust, home.installation.identity.caPem);
    const [firstKey, secondKey] = [first, second].map(
      ({ holder }) => readCertificate(holder.current.certificatePem).keyId,
    );
    expect(trust.revoked.map(({ keyId }) => keyId)).toContain(firstKey);
    expect(trust.revoked.map(({ keyId }) => keyId)).not.toContain(secondKey);
  });

  it("keeps no secret in the database or the log (R12)", async () => {
    const token = await inviteAgent();
    const member = await join_(token);
    const { secret: userToken } = await identityCalls().createUserToken({ name: "anna", role: "viewer" });
    await close();
    const files = (await readdir(folder)).filter((name) => name.startsWith("controller.db"));
    const kept = (await Promise.all(files.map((name) => readFile(join(folder, name), "latin1")))).join("");
    const logged = inspect(log.lines, { depth: 20 });
    const secrets = [parseJoinToken(token).secret, userToken.split(".").at(-1) ?? "", member.busKey?.seed ?? "none"];
    for (const secret of [...secrets, home.adminToken]) {
      expect(kept).not.toContain(secret);
      expect(logged).not.toContain(secret);
    }
    expect(kept).toContain(
      createHash("sha256")
        .update(secrets[0] ?? "")
        .digest("hex"),
    );
    await open();
  });
});

describe("a member", () => {
  it("renews by itself, and goes on in a controller that lost its database", async () => {
    await close();
    await open({ certificateLifeMs: 3_000 });
    const member = await join_(await inviteAgent({ name: "agent-1", managerName: "prod", clusterName: "east" }));
    await close();
    for (const name of await readdir(folder)) if (name.startsWith("controller.db")) await rm(join(folder, name));
    const port = controller.address;
    const config = controllerConfigSchema.parse({
      dataDir: folder,
      rpc: { listen: port },
      bus: { servers: [home.nats.url] },
    });
    controller = await createController(config, log, { engines });
    client = home.dial(controller.address);
    const before = readCertificate(member.holder.current.certificatePem);
    const stop = new AbortController();
    const renewing = keepRenewed(member, { clock: systemClock, log }, stop.signal);
    await vi.waitFor(() => {
      expect(readCertificate(member.holder.current.certificatePem).serial).not.toBe(before.serial);
    }, within);
    stop.abort();
    await renewing;
    const { members } = await identityCalls().listMembers({});
    expect(members).toMatchObject([{ id: member.membership.id, name: "agent-1", managerName: "prod", revokedMs: 0n }]);
  });

  it("that is revoked is cut off the bus at once, renews no more, and is shown as revoked", async () => {
    const member = await join_(await inviteAgent({ name: "agent-1", managerName: "prod", clusterName: "east" }));
    const other = await join_(await inviteAgent({ name: "agent-2", managerName: "prod", clusterName: "east" }));
    const { id } = member.membership;
    await using bus = await busOf(member);
    await using otherBus = await busOf(other);
    await hello(bus, id);
    const cut = Promise.withResolvers<string>();
    bus.onState(cut.resolve);

    const { trustNumber } = await identityCalls().revokeMember({ role: "agent", member: "agent-1" });
    await expect(cut.promise).resolves.toBe("reconnecting");
    await expect(busOf(member)).rejects.toMatchObject({ code: "UNAVAILABLE" });
    const heard = await hello(otherBus, other.membership.id);
    expect(openTrustBundle(heard.trust, home.installation.identity.caPem).number).toBe(trustNumber);

    await expect(renew(member)).rejects.toMatchObject({ code: "IDENTITY_REVOKED" });
    await expect(renew(other)).resolves.toMatchObject({ trust: heard.trust });
    const { agent } = await client.service(AgentService).getAgent({ agent: id });
    expect(agent).toMatchObject({ state: "revoked", stateReason: expect.stringContaining("revoked") });
    const { members } = await identityCalls().listMembers({});
    expect(members.find((one) => one.id === id)?.revokedMs).not.toBe(0n);
  });

  it("stays cut off when bus and controller are started anew", async () => {
    const member = await join_(await inviteAgent({ name: "agent-1", managerName: "prod", clusterName: "east" }));
    await identityCalls().revokeMember({ role: "agent", member: "agent-1" });
    await close();
    await open();
    await vi.waitFor(async () => {
      await expect(busOf(member)).rejects.toMatchObject({ code: "UNAVAILABLE" });
    }, within);
  });

  it("of a version that is too far apart is told so, and shown with both versions", async () => {
    const member = await join_(await inviteAgent({ name: "old", managerName: "prod", clusterName: "east" }));
    await using bus = await busOf(member);
    await expect(hello(bus, member.membership.id, { version: "9.0.0" })).rejects.toMatchObject({
      code: "VERSION_UNSUPPORTED",
    });
    const { agent } = await client.service(AgentService).getAgent({ agent: "old" });
    expect(agent).toMatchObject({ state: "incompatible" });
    expect(agent?.stateReason).toContain("9.0.0");
    expect(agent?.stateReason).toContain(productVersion);
  });

  it("hears the wake-ups of its own cluster and of no other", async () => {
    const member = await join_(await inviteAgent({ managerName: "prod", clusterName: "east" }));
    await using bus = await busOf(member);
    await using own = await bus.subscribe(wakeSubject("prod", "east"));
    await using anything = await home.connect("anybody");
    anything.publish(wakeSubject("prod", "east"), Buffer.from("x"));
    const next = await own[Symbol.asyncIterator]().next();
    expect(next.done).toBe(false);
  });
});

describe("the agent of a worker", () => {
  it("joins under the id that was decided for it, again after its VM was made anew, and is ended with it", async () => {
    await using bench = await openIdentityBench();
    const { deps } = bench;
    const tokens = createWorkerJoinTokens(deps, systemClock.timeout(10_000));
    const place = { managerName: "prod", clusterName: "east", workerId: "abcdefghijkl" };
    const enrollBy = async (token: string) => {
      const { inviteId, secret } = parseJoinToken(token);
      const { requestPem } = await requestCertificate();
      const asked = { inviteId, secret, requestPem, busPublicKey: makeBusUser().publicKey, version: productVersion };
      return await enroll(deps, create(EnrollRequestSchema, asked));
    };
    const issue = () => tokens.issue({ role: "agent", agentId: "wabcdefghijkl", name: "worker-1", ...place });

    const unused = await issue();
    const first = await enrollBy(await issue());
    expect(first).toMatchObject({ id: "wabcdefghijkl", name: "worker-1", ...place });
    const keyOf = () => deps.members.get("agent", "worker-1").keyId;
    const firstKey = keyOf();
    await enrollBy(await issue());
    expect(deps.authority.trust.isRevoked(firstKey)).toBe(true);
    expect(deps.authority.trust.isRevoked(keyOf())).toBe(false);

    await tokens.revoke("wabcdefghijkl");
    await tokens.revoke("wnobody");
    expect(deps.authority.trust.isRevoked(keyOf())).toBe(true);
    await expect(enrollBy(unused)).rejects.toMatchObject({ code: "JOIN_REFUSED" });
    expect((await enrollBy(await issue())).id).toBe("wabcdefghijkl");
  });
});

describe("a repository", () => {
  const serve = async (id: string, told: number[], numbers: (string | undefined)[]): Promise<RpcServer> => {
    const refuse = () => Promise.reject(new Error("not asked in this test"));
    const names = Object.keys(RepositoryService.method);
    const implementation = {
      ...Object.fromEntries(names.map((name) => [name, refuse])),
      getRepository: (_request: unknown, { metadata }: { metadata: ReadonlyMap<string, string> }) => {
        numbers.push(metadata.get(trustNumberHeader));
        return Promise.resolve({ repositoryId: id, formatVersion: 1, chunkSize: 1_048_576, freeBytes: 9n });
      },
      getPoint: async function* () {
        yield { part: { case: "point", value: { pointId: "p1", vm: { engineInstanceId: "e1", vmId: "v1" } } } };
      },
      updateTrust: ({ trust }: { trust: string }) => {
        const { number } = openTrustBundle(trust, home.installation.identity.caPem);
        told.push(number);
        return Promise.resolve({ number });
      },
    };
    return await openRpcServer({
      listen: "127.0.0.1:0",
      credentials: serverCredentials(await home.hold("repository", id), { asksForCertificates: true }),
      log,
      services: [serveService(RepositoryService, implementation as never)],
    });
  };

  it("is told of each revocation at once, and shown the newest number in every call", async () => {
    const [told, numbers]: [number[], (string | undefined)[]] = [[], []];
    await using repository = await serve("r-1", told, numbers);
    const registry = client.service(RepositoryRegistryService);
    await registry.addRepository({ name: "main", address: repository.address });
    await join_(await inviteAgent({ name: "agent-1", managerName: "prod", clusterName: "east" }));
    const { trustNumber } = await identityCalls().revokeMember({ role: "agent", member: "agent-1" });
    expect(told.at(-1)).toBe(trustNumber);
    await registry.getRepository({ repository: "main" });
    expect(numbers.at(-1)).toBe(String(trustNumber));
  });

  it("of which an operator is granted one point is shown a certificate of the operator and a token for that point", async () => {
    await using repository = await serve("r-1", [], []);
    await client.service(RepositoryRegistryService).addRepository({ name: "main", address: repository.address });
    const { requestPem } = await requestCertificate();
    const points = client.service(PointService);
    const grant = await points.grantReading({ pointId: "p1", requestPem });
    expect(grant).toMatchObject({ repositoryId: "r-1", repositoryAddress: repository.address });
    const { name, keyId, notAfterMs } = readCertificate(grant.certificatePem);
    expect(name.role).toBe("operator");
    expect(notAfterMs - Date.now()).toBeLessThanOrEqual(3_600_000);
    const trust = openTrustBundle((await identityCalls().getTrust({})).trust, grant.caPem);
    expect(openTaskToken(grant.taskToken, { trust, keyId, nowMs: Date.now() })).toMatchObject({
      operation: "export",
      pointId: "p1",
      repositoryId: "r-1",
      vmId: "v1",
    });
    await using viewer = home.dial(
      controller.address,
      (await identityCalls().createUserToken({ name: "anna", role: "viewer" })).secret,
    );
    const refused = viewer.service(PointService).grantReading({ pointId: "p1", requestPem });
    await expect(refused).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
  });

  it("whose certificate names another is not believed", async () => {
    await using repository = await serve("r-1", [], []);
    const registry = client.service(RepositoryRegistryService);
    await registry.addRepository({ name: "main", address: repository.address });
    const { address } = repository;
    await repository[Symbol.asyncDispose]();
    await using other = await openRpcServer({
      listen: address,
      credentials: serverCredentials(await home.hold("repository", "r-2"), { asksForCertificates: true }),
      log,
      services: [],
    });
    expect(other.address).toBe(address);
    const { repository: shown } = await registry.getRepository({ repository: "main" });
    expect(shown?.state).toBe("unreachable");
  });
});

describe("users", () => {
  it("may do what their role allows, on the real API", async () => {
    const { secret } = await identityCalls().createUserToken({ name: "anna", role: "viewer" });
    await using viewer = home.dial(controller.address, secret);
    await viewer.service(JobService).listJobs({});
    await expect(viewer.service(JobService).runJob({ job: "x" })).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
    await using nobody = home.dial(controller.address, "");
    await expect(nobody.service(JobService).listJobs({})).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    const { tokens } = await identityCalls().listUserTokens({});
    const anna = tokens.find(({ name }) => name === "anna");
    expect(Number(anna?.lastUsedMs)).toBeGreaterThan(0);
    await identityCalls().revokeUserToken({ tokenId: anna?.tokenId ?? "" });
    await expect(viewer.service(JobService).listJobs({})).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  });
});
