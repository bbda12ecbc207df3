import { type Clock, systemClock } from "@holdfast/shared/clock/clock";
import { readCertificate } from "@holdfast/shared/identity/certificates";
import type { Identity } from "@holdfast/shared/identity/identity";
import { type TaskClaims, taskTokenHeader } from "@holdfast/shared/identity/task-token";
import { makeTestInstallation } from "@holdfast/shared/identity/testing/test-installation";
import { trustNumberHeader } from "@holdfast/shared/identity/trust-number";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { claimed, disks, firstOf, request } from "../testing/one-task.ts";
import { callers, connectAs, installation, type RepositoryClient } from "../testing/test-callers.ts";
import { openTestServer, type TestServer, testChunkSize } from "../testing/test-server.ts";
import { openReading, readDisk } from "../testing/test-reader.ts";
import { TestWriter } from "../testing/test-writer.ts";

describe("who may call what", () => {
  let server: TestServer;
  let other: Identity;
  beforeAll(async () => {
    server = await openTestServer();
    other = await installation.identity("agent", "a2");
    const writer = new TestWriter(server.client, server.repositoryId);
    await writer.backup({ taskId: "point1", disks });
    await writer.backup({ taskId: "point2", vmId: "vm2", disks });
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const withToken = async <T>(
    work: (client: RepositoryClient) => Promise<T>,
    claims: Partial<TaskClaims>,
    { identity = callers.agent, holder = identity }: { readonly identity?: Identity; readonly holder?: Identity } = {},
  ): Promise<T> => {
    const token = installation.token(holder, { repositoryId: server.repositoryId, ...claims });
    await using calls = connectAs(server.server.address, identity, { [taskTokenHeader]: token });
    return await work(calls.client);
  };
  const opens = (client: RepositoryClient): Promise<unknown> =>
    firstOf(client.openUpload(request(server.repositoryId)));
  const reads = (client: RepositoryClient): Promise<unknown> => firstOf(client.openReading({ pointId: "point1" }));

  it("an agent opens the upload that its token names, and the point", async () => {
    expect(await withToken(opens, claimed)).toMatchObject({ event: { case: "opened" } });
    expect(await withToken(reads, { operation: "restore", pointId: "point1" })).toMatchObject({
      chunkSize: testChunkSize,
    });
  });

  it.each<[string, Partial<TaskClaims>]>([
    ["another task", { taskId: "t2" }],
    ["another attempt of the task", { attemptNumber: 2 }],
    ["an attempt with another id", { attemptId: "try2" }],
    ["another VM", { vmId: "vm2" }],
    ["the same VM of another engine", { engineInstanceId: "engine2" }],
    ["another repository", { repositoryId: "00000000-0000-4000-8000-000000000000" }],
    ["another installation", { installationId: "elsewhere" }],
    ["a restore", { operation: "restore", pointId: "point1" }],
    ["a loan", { operation: "lend" }],
    ["an export", { operation: "export", pointId: "point1" }],
    ["a time that is long over", { expiresMs: Date.now() - 2 * 86_400_000 }],
  ])("a token for %s opens no upload", async (_, claims) => {
    await expect(withToken(opens, { ...claimed, ...claims })).rejects.toMatchObject({ code: "TOKEN_REFUSED" });
  });

  it.each<[string, Partial<TaskClaims>]>([
    ["another point", { operation: "restore", pointId: "point2" }],
    ["no point", { operation: "restore" }],
    ["a backup", { ...claimed, pointId: "point1" }],
    ["an export, which is an operator's", { operation: "export", pointId: "point1" }],
  ])("a token for %s opens no reading", async (_, claims) => {
    await expect(withToken(reads, claims)).rejects.toMatchObject({ code: "TOKEN_REFUSED" });
  });

  it("a token is good for the certificate that it was given to, and for one that is signed", async () => {
    const stolen = withToken(opens, claimed, { identity: other, holder: callers.agent });
    await expect(stolen).rejects.toMatchObject({ code: "TOKEN_REFUSED" });
    const forger = await makeTestInstallation();
    const forged = forger.token(callers.agent, { ...claimed, repositoryId: server.repositoryId });
    const real = installation.token(callers.agent, { ...claimed, repositoryId: server.repositoryId });
    const spoilt = `${real.slice(0, -4)}${real.endsWith("AAAA") ? "BBBB" : "AAAA"}`;
    for (const token of [forged, spoilt, "hello", "hft1.t1.e30.AAAA"]) {
      await using calls = connectAs(server.server.address, callers.agent, { [taskTokenHeader]: token });
      await expect(opens(calls.client)).rejects.toMatchObject({
        code: "TOKEN_REFUSED",
        message: expect.not.stringContaining(token),
      });
    }
    await using bare = connectAs(server.server.address, callers.agent);
    await expect(opens(bare.client)).rejects.toMatchObject({ code: "TOKEN_REFUSED" });
  });

  it("an operator reads the point of its token and writes nothing", async () => {
    const operator = await installation.identity("operator", "o1");
    const as = { identity: operator };
    expect(await withToken(reads, { operation: "export", pointId: "point1" }, as)).toMatchObject({
      chunkSize: testChunkSize,
    });
    await expect(withToken(reads, { operation: "restore", pointId: "point1" }, as)).rejects.toMatchObject({
      code: "TOKEN_REFUSED",
    });
    await expect(withToken(opens, claimed, as)).rejects.toMatchObject({ code: "TOKEN_REFUSED" });
  });

  it("an operator whose certificate has expired is answered no new call, on a connection that stands", async () => {
    const now = { ms: Date.now() };
    const clock: Clock = { ...systemClock, nowMs: () => now.ms };
    await using clocked = await openTestServer({}, { deps: { clock } });
    await new TestWriter(clocked.client, clocked.repositoryId).backup({ taskId: "point1", disks });
    const operator = await installation.identity("operator", "o1", 3_600_000);
    const { notAfterMs } = readCertificate(operator.certificatePem);
    const claims = { operation: "export", pointId: "point1", repositoryId: clocked.repositoryId } as const;
    const token = installation.token(operator, claims);
    await using calls = connectAs(clocked.server.address, operator, { [taskTokenHeader]: token });
    await using agent = connectAs(clocked.server.address, await installation.identity("agent", "a3", 3_600_000), {});
    const agentsCall = () => firstOf(agent.client.openReading({ pointId: "point1" }));
    await expect(agentsCall()).rejects.toMatchObject({ code: "TOKEN_REFUSED" });

    now.ms = notAfterMs + 59_000;
    await using reading = await openReading(calls.client, "point1");
    now.ms = notAfterMs + 61_000;
    const refused = { code: "UNAUTHENTICATED", message: expect.stringContaining("expired") };
    await expect(reads(calls.client)).rejects.toMatchObject(refused);
    await expect(readDisk(calls.client, { ...reading, diskId: "disk" })).rejects.toMatchObject(refused);
    // A member renews under its connection: its token decides.
    await expect(agentsCall()).rejects.toMatchObject({ code: "TOKEN_REFUSED" });
  });

  it("an agent lists, shows, removes, verifies and fences nothing, whatever token it has", async () => {
    const token = installation.token(callers.agent, { ...claimed, repositoryId: server.repositoryId });
    const headers = { [taskTokenHeader]: token, [trustNumberHeader]: "99" };
    await using calls = connectAs(server.server.address, callers.agent, headers);
    const { client } = calls;
    const tries = [
      client.getRepository({}),
      client.updateTrust({ trust: installation.trust(9) }),
      firstOf(client.listPoints({})),
      firstOf(client.getPoint({ pointId: "point1" })),
      client.removePoint({ pointId: "point1", belowFloor: true }),
      firstOf(client.verifyPoint({ pointId: "point1" })),
      client.fence({ attempt: request("").attempt }),
    ];
    for (const one of await Promise.allSettled(tries))
      expect(one).toMatchObject({ status: "rejected", reason: { code: "PERMISSION_DENIED" } });
    expect((await server.client.getRepository({})).points).toBe(2);
  });

  it("a controller moves no data, and neither do members of other roles", async () => {
    const repository = await installation.identity("repository", "r2");
    const claims = { ...claimed, pointId: "point1" };
    for (const identity of [callers.controller, repository]) {
      await expect(withToken(opens, claims, { identity })).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
      await expect(withToken(reads, claims, { identity })).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
    }
    await using calls = connectAs(server.server.address, repository, { [trustNumberHeader]: "99" });
    await expect(calls.client.getRepository({})).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
  });

  it("whoever has a certificate of another authority does not get in", async () => {
    const elsewhere = await makeTestInstallation();
    const { authority } = installation;
    const foreign = await elsewhere.identity("agent", "a1");
    await using calls = connectAs(server.server.address, { ...foreign, caPem: authority.certificatePem });
    await expect(opens(calls.client)).rejects.toMatchObject({
      code: expect.stringMatching(/UNAVAILABLE|PEER_UNTRUSTED/),
    });
    await using believing = connectAs(server.server.address, foreign);
    await expect(opens(believing.client)).rejects.toMatchObject({ code: "PEER_UNTRUSTED" });
  });

  it("what one agent has open does not exist for another, nor for another task of the same", async () => {
    const writer = new TestWriter(server.client, server.repositoryId);
    await using upload = await writer.open({ taskId: "mine", disks });
    await using reading = await openReading(server.client, "point1");
    const { uploadId } = upload.opened;
    const own = { ...claimed, taskId: "mine" };
    const asks = (client: RepositoryClient): Promise<unknown> =>
      client.findMissing({ uploadId, kind: 1, ids: new Uint8Array(32) });
    const puts = (client: RepositoryClient): Promise<unknown> =>
      firstOf(
        client.putRecords(
          (async function* () {
            yield { part: { case: "uploadId" as const, value: uploadId } };
          })(),
        ),
      );
    const looks = (client: RepositoryClient): Promise<unknown> =>
      firstOf(
        client.readLeaves({
          holder: { case: "readingId", value: reading.readingId },
          diskId: "disk",
          firstLeaf: 0,
          count: 1,
          idsOnly: true,
        }),
      );
    const start = { readingId: reading.readingId, diskId: "disk", firstPosition: 0, count: 1 };
    const fetches = (client: RepositoryClient): Promise<unknown> =>
      firstOf(
        client.readDisk(
          (async function* () {
            yield { part: { case: "start" as const, value: start } };
          })(),
        ),
      );

    expect(await withToken(asks, own)).toMatchObject({ missing: expect.anything() });
    for (const as of [{ identity: other }, {}]) {
      const claims = as.identity === undefined ? claimed : own;
      await expect(withToken(asks, claims, as)).rejects.toMatchObject({ code: "UPLOAD_UNKNOWN" });
      await expect(withToken(puts, claims, as)).rejects.toMatchObject({ code: "UPLOAD_UNKNOWN" });
      const pointId = as.identity === undefined ? "point2" : "point1";
      await expect(withToken(looks, { operation: "restore", pointId }, as)).rejects.toMatchObject({
        code: "READING_UNKNOWN",
      });
      await expect(withToken(fetches, { operation: "restore", pointId }, as)).rejects.toMatchObject({
        code: "READING_UNKNOWN",
      });
    }
  });

  it("a commit speaks of its token's attempt, also when the task has committed", async () => {
    const start = { attempt: { taskId: "point2", number: 1, attemptId: "try1" }, uploadId: "x", manifestBytes: 0 };
    const commits = (client: RepositoryClient): Promise<unknown> =>
      client.commit(
        (async function* () {
          yield { part: { case: "start" as const, value: start } };
        })(),
      );
    await expect(withToken(commits, claimed)).rejects.toMatchObject({ code: "TOKEN_REFUSED" });
    expect(await withToken(commits, { ...claimed, taskId: "point2" })).toMatchObject({ result: { case: "committed" } });
  });
});
