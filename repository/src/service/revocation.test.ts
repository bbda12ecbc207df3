import { join } from "node:path";
import { connect as dial } from "node:tls";
import { readCertificate, requestRenewal, signCertificate } from "@holdfast/shared/identity/certificates";
import { holdIdentity, type Identity } from "@holdfast/shared/identity/identity";
import { taskTokenHeader } from "@holdfast/shared/identity/task-token";
import { makeTestInstallation } from "@holdfast/shared/identity/testing/test-installation";
import { trustNumberHeader } from "@holdfast/shared/identity/trust-number";
import { describe, expect, it } from "vitest";
import { claimed, disks, firstOf, request } from "../testing/one-task.ts";
import { callers, connect, connectAs, installation } from "../testing/test-callers.ts";
import { makeFolder, openTestServer, removeFolder, testConfig } from "../testing/test-server.ts";
import { openServedIdentity } from "@holdfast/shared/identity/testing/served-identity";
import { memoryLogger } from "@holdfast/shared/logging/memory-logger";
import { openRepositoryServer } from "../program/repository-server.ts";
import { TestWriter } from "../testing/test-writer.ts";

describe("revocations", () => {
  it("a revoked agent loses its calls at once and gets in no more, also after a restart", async () => {
    await using server = await openTestServer();
    const thief = await installation.identity("agent", "thief");
    const { keyId } = readCertificate(thief.certificatePem);
    const token = installation.token(thief, { ...claimed, repositoryId: server.repositoryId });
    await using calls = connectAs(server.server.address, thief, { [taskTokenHeader]: token });
    const upload = calls.client.openUpload(request(server.repositoryId))[Symbol.asyncIterator]();
    const first = await upload.next();
    expect(first.value).toMatchObject({ event: { case: "opened" } });
    const writer = new TestWriter(server.client, server.repositoryId);
    await using bystander = await writer.open({ taskId: "other", disks });

    const trust = installation.trust(2, [{ keyId, name: "thief", revokedMs: 1 }]);
    expect(await server.client.updateTrust({ trust })).toMatchObject({ number: 2 });
    await expect(upload.next()).rejects.toMatchObject({ code: "IDENTITY_REVOKED" });
    await expect(firstOf(calls.client.openUpload(request(server.repositoryId)))).rejects.toMatchObject({
      code: "IDENTITY_REVOKED",
    });
    expect(await writer.missing(bystander.opened.uploadId, "chunk", new Uint8Array(32))).toHaveLength(1);

    await server.server[Symbol.asyncDispose]();
    await using next = await openTestServer({ create: false, joinToken: "" }, { folder: server.folder });
    await using again = connectAs(next.server.address, thief, { [taskTokenHeader]: token });
    await expect(firstOf(again.client.openUpload(request(next.repositoryId)))).rejects.toMatchObject({
      code: "IDENTITY_REVOKED",
    });
  });

  it("a controller that knows less than was seen is refused, until it shows a newer bundle", async () => {
    await using server = await openTestServer();
    const at = (number: string | undefined) =>
      connectAs(server.server.address, callers.controller, number === undefined ? {} : { [trustNumberHeader]: number });
    await using current = at("5");
    expect(await current.client.updateTrust({ trust: installation.trust(5) })).toMatchObject({ number: 5 });
    expect(await current.client.getRepository({})).toMatchObject({ trustNumber: 5, version: expect.any(String) });

    for (const number of ["4", "nonsense", undefined]) {
      await using former = at(number);
      const refusal = { code: "CONTROLLER_OUTDATED" };
      await expect(former.client.getRepository({})).rejects.toMatchObject(refusal);
      await expect(former.client.removePoint({ pointId: "x" })).rejects.toMatchObject(refusal);
      await expect(former.client.updateTrust({ trust: installation.trust(4) })).rejects.toMatchObject(refusal);
    }
    const forged = (await makeTestInstallation(installation.installationId)).trust(9);
    await expect(current.client.updateTrust({ trust: forged })).rejects.toMatchObject({ code: "PEER_UNTRUSTED" });
    const told = (words: string) => server.log.lines.filter(({ message }) => message.includes(words));
    expect(told("the controller is refused")).toMatchObject([
      { level: "error", fields: { err: { code: "CONTROLLER_OUTDATED" } } },
    ]);
    expect(told("believed again")).toEqual([]);
    expect((await current.client.getRepository({})).trustNumber).toBe(5);
    expect(told("believed again")).toHaveLength(1);
  });

  it("a server whose own certificate is taken back ends", async () => {
    await using server = await openTestServer();
    const { holder } = server.server.opened;
    const { keyId } = readCertificate(holder.current.certificatePem);
    await server.client.updateTrust({ trust: installation.trust(3, [{ keyId, name: "r", revokedMs: 1 }]) });
    await expect(server.server.lost).rejects.toMatchObject({ code: "IDENTITY_REVOKED" });
  });
});

/** The serial number of the certificate that a new connection sees. */
const serialShownBy = async (address: string): Promise<string> => {
  const [host, port] = address.split(":");
  const { caPem, certificatePem, keyPem } = callers.agent;
  const shown = Promise.withResolvers<string>();
  const where = { host, port: Number(port), ca: caPem, cert: certificatePem, key: keyPem };
  const socket = dial({ ...where, ALPNProtocols: ["h2"], checkServerIdentity: () => undefined }, () => {
    shown.resolve(socket.getPeerCertificate().serialNumber);
  });
  socket.on("error", shown.reject);
  try {
    return await shown.promise;
  } finally {
    socket.destroy();
  }
};

/** The same name and key with a certificate of a day more. */
const renewed = async (identity: Identity): Promise<Identity> => {
  const { name } = readCertificate(identity.certificatePem);
  const requestPem = await requestRenewal(identity.keyPem);
  const wish = { requestPem, name, commonName: name.id, nowMs: Date.now(), lifeMs: 86_400_000 };
  return { ...identity, certificatePem: await signCertificate(installation.authority, wish) };
};

describe("certificates", () => {
  it("are renewed under a running upload: it goes on, and later connections see the new one", async () => {
    await using server = await openTestServer();
    const { holder } = server.server.opened;
    const writer = new TestWriter(server.client, server.repositoryId);
    const backup = { taskId: "t", disks };
    await using upload = await writer.open(backup);

    const renewed = await installation.identity("repository", server.repositoryId);
    holder.replace(renewed);
    const manifest = await writer.send(upload.opened.uploadId, backup, upload.opened);
    expect((await writer.commit(upload.opened.uploadId, backup, manifest)).result.case).toBe("committed");

    await using later = connect(server.server.address);
    const { certificateExpiresMs } = await later.client.getRepository({});
    expect(Number(certificateExpiresMs)).toBe(readCertificate(renewed.certificatePem).notAfterMs);
    expect(await serialShownBy(server.server.address)).toBe(readCertificate(renewed.certificatePem).serial);
  });

  it("are renewed by the server itself, and an upload outlives the certificate under which it began", async () => {
    const folder = await makeFolder();
    try {
      await using joining = await openServedIdentity(installation, { lifeMs: 8_000 });
      const config = testConfig(folder, { joinToken: joining.invite("repository").reveal() });
      await using server = await openRepositoryServer(config, { log: memoryLogger() });
      const first = readCertificate(server.opened.holder.current.certificatePem);
      await using before = connect(server.address);
      const writer = new TestWriter(before.client, server.facts.repositoryId);
      const backup = { taskId: "t", disks };
      await using upload = await writer.open(backup);
      const { uploadId } = upload.opened;

      const serial = (): string => readCertificate(server.opened.holder.current.certificatePem).serial;
      await expect
        .poll(() => Date.now() > first.notAfterMs && serial() !== first.serial, { timeout: 20_000 })
        .toBe(true);
      expect(await serialShownBy(server.address)).not.toBe(first.serial);
      const manifest = await writer.send(uploadId, backup, upload.opened);
      expect((await writer.commit(uploadId, backup, manifest)).result.case).toBe("committed");
      await using after = connect(server.address);
      expect((await after.client.getRepository({})).points).toBe(1);
    } finally {
      await removeFolder(folder);
    }
  });

  it("of a client are renewed under its connection, and shown at the next", async () => {
    await using server = await openTestServer();
    const { address } = server.server;
    const agent = holdIdentity(await installation.identity("agent", "a1", 2_000));
    const first = agent.current;
    const token = installation.token(first, { ...claimed, repositoryId: server.repositoryId });
    const metadata = { [taskTokenHeader]: token };
    await using calls = connectAs(address, agent, metadata);
    const upload = calls.client.openUpload(request(server.repositoryId))[Symbol.asyncIterator]();
    const opened = await upload.next();
    if (opened.done === true || opened.value.event.case !== "opened") throw new Error("not opened");
    const { uploadId } = opened.value.event.value;
    const asks = async ({ client }: Pick<typeof calls, "client">): Promise<number> =>
      (await client.findMissing({ uploadId, kind: 1, ids: new Uint8Array(32) })).missing.length;
    const isOver = (): boolean => Date.now() > readCertificate(first.certificatePem).notAfterMs;
    await expect.poll(isOver, { timeout: 10_000 }).toBe(true);
    await using late = connectAs(address, agent, metadata);
    await expect(asks(late)).rejects.toMatchObject({ code: "UNAVAILABLE" });
    expect(await asks(calls)).toBe(1);

    agent.replace(await renewed(first));
    expect(await asks(calls)).toBe(1);
    await expect.poll(() => asks(late).catch(String), { timeout: 10_000 }).toBe(1);
    await using former = connectAs(address, first, metadata);
    await expect(asks(former)).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });

  it("of another repository, or kept inside the repository, are not served with", async () => {
    await using server = await openTestServer();
    await server.server[Symbol.asyncDispose]();
    const identityDir = join(server.folder, "identity");
    const elsewhere = { directory: join(server.folder, "r2"), indexPath: join(server.folder, "index2"), identityDir };
    await expect(openTestServer(elsewhere, { folder: server.folder })).rejects.toMatchObject({
      code: "REPOSITORY_MISMATCH",
    });
    const inside = { identityDir: join(server.directory, "identity") };
    await expect(openTestServer(inside, { folder: server.folder })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    await expect(
      openTestServer({ identityDir: join(server.folder, "none"), joinToken: "" }, { folder: server.folder }),
    ).rejects.toMatchObject({ code: "IDENTITY_MISSING" });
  });
});
