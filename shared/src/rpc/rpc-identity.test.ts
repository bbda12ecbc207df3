import { connect } from "node:tls";
import { ContractService } from "@holdfast/proto/holdfast/contract/v1/contract_pb";
import { describe, expect, it, vi } from "vitest";
import { HoldfastError } from "../errors/holdfast-error.ts";
import { fingerprintOf } from "../identity/certificates.ts";
import { fetchTrust } from "../identity/fetch-trust.ts";
import { holdIdentity } from "../identity/identity.ts";
import { makeTestInstallation, testInstallation } from "../identity/testing/test-installation.ts";
import { openRpcClient } from "./client.ts";
import { type ClientProof, clientCredentials, serverCredentials } from "./credentials.ts";
import { openContractPair } from "./testing/contract-pair.ts";

const ours = await testInstallation();
const stranger = await makeTestInstallation();
const agent = await ours.identity("agent", "a1");
const repository = { role: "repository", id: "r1" } as const;

const echo = async (
  address: string,
  proof: ClientProof,
  expected: Parameters<typeof clientCredentials>[1] = repository,
) => {
  await using client = openRpcClient(address, clientCredentials(proof, expected));
  return await client.service(ContractService).echo({ text: "x" }, { timeoutMs: 10_000 });
};

describe("both ends of a connection", () => {
  it("are whom their certificates name, and the server tells its methods who calls", async () => {
    const callers: unknown[] = [];
    await using pair = await openContractPair({
      admit: ({ caller, method }) => void callers.push([caller?.name, method]),
    });

    await expect(echo(pair.server.address, agent)).resolves.toMatchObject({ text: "x" });
    expect(callers).toEqual([
      [{ installationId: ours.installationId, role: "agent", id: "a1" }, "holdfast.contract.v1.ContractService/Echo"],
    ]);
  });

  it("work over a unix socket as over TCP", async () => {
    await using pair = await openContractPair({ listen: `unix:/tmp/hf-${process.pid}-identity.sock` });
    await expect(echo(pair.server.address, agent)).resolves.toMatchObject({ text: "x" });
  });

  it("part when the server is another than expected: another role, id or installation", async () => {
    await using pair = await openContractPair();
    const { address } = pair.server;
    for (const expected of [{ role: "controller" }, { role: "repository", id: "r2" }] as const) {
      await expect(echo(address, agent, expected)).rejects.toMatchObject({ code: "PEER_UNTRUSTED" });
    }
    const elsewhere = { ...agent, installationId: "elsewhere" };
    await expect(echo(address, elsewhere)).rejects.toMatchObject({ code: "PEER_UNTRUSTED" });
    const wrongAuthority = { ...agent, caPem: stranger.authority.certificatePem };
    await expect(echo(address, wrongAuthority)).rejects.toMatchObject({ code: "PEER_UNTRUSTED" });
  });

  it("part when the client shows no certificate, or one of another authority", async () => {
    await using pair = await openContractPair();
    const { caPem, installationId } = agent;
    const foreign = { ...(await stranger.identity("agent", "a1")), caPem };

    for (const proof of [{ caPem, installationId }, foreign]) {
      await expect(echo(pair.server.address, proof)).rejects.toMatchObject({ code: "UNAVAILABLE" });
    }
  });

  it("do not speak anything older than TLS 1.3", async () => {
    await using pair = await openContractPair();
    const port = Number(pair.server.address.split(":")[1]);
    const { caPem: ca, certificatePem: cert, keyPem: key } = agent;
    const socket = connect({
      host: "127.0.0.1",
      port,
      ca,
      cert,
      key,
      maxVersion: "TLSv1.2",
      rejectUnauthorized: false,
    });
    const outcome = await new Promise((resolve) => {
      socket.once("secureConnect", () => resolve(socket.getProtocol())).once("error", resolve);
    });
    socket.destroy();

    expect(outcome).toMatchObject({ code: "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION" });
  });
});

describe("a server that asks for no certificates", () => {
  it("refuses what its own rule does not let in", async () => {
    const credentials = serverCredentials(await ours.hold("controller", "main"), { asksForCertificates: false });
    await using pair = await openContractPair({
      credentials,
      admit: ({ metadata }) => {
        if (metadata.get("authorization") !== "Bearer good") throw new HoldfastError("UNAUTHENTICATED", "no token");
      },
    });
    const { caPem, installationId } = agent;
    const trusting = clientCredentials({ caPem, installationId }, { role: "controller" });
    await using client = openRpcClient(pair.server.address, trusting, {
      metadata: () => ({ authorization: "Bearer good" }),
    });

    await expect(client.service(ContractService).echo({ text: "x" })).resolves.toMatchObject({ text: "x" });
    await expect(echo(pair.server.address, agent, { role: "controller" })).rejects.toMatchObject({
      code: "UNAUTHENTICATED",
    });
  });

  it("and has no rule lets nobody in", async () => {
    const credentials = serverCredentials(await ours.hold("controller", "main"), { asksForCertificates: false });
    await using pair = await openContractPair({ credentials });
    await expect(echo(pair.server.address, agent, { role: "controller" })).rejects.toMatchObject({
      code: "UNAUTHENTICATED",
    });
  });
});

describe("a caller who is believed no more", () => {
  it("loses the calls that it has under way, and nobody else does", async () => {
    await using pair = await openContractPair();
    const other = openRpcClient(pair.server.address, clientCredentials(await ours.identity("agent", "a2"), repository));
    await using _ = other;
    async function* talk() {
      yield { text: "one" };
      await new Promise(() => undefined);
    }
    const first = pair.contract.converse(talk())[Symbol.asyncIterator]();
    const second = other.service(ContractService).converse(talk())[Symbol.asyncIterator]();
    await Promise.all([first.next(), second.next()]);

    const reason = new HoldfastError("IDENTITY_REVOKED", "agent a1 was revoked");
    pair.server.endCalls(({ name }) => name.id === "a1", reason);

    await expect(first.next()).rejects.toMatchObject({ code: "IDENTITY_REVOKED" });
    await expect(other.service(ContractService).echo({ text: "x" })).resolves.toMatchObject({ text: "x" });
    await second.return?.();
  });
});

describe("a renewed identity", () => {
  it("is shown to the connections that come after it, while a call under way goes on", async () => {
    const holder = await ours.hold("repository", "r1");
    const serials: string[] = [];
    await using pair = await openContractPair({
      credentials: serverCredentials(holder, { asksForCertificates: true }),
      admit: ({ caller }) => void serials.push(caller?.serial ?? ""),
    });
    const turn = Promise.withResolvers<void>();
    async function* talk() {
      yield { text: "before" };
      await turn.promise;
      yield { text: "after" };
    }
    const talking = pair.contract.converse(talk())[Symbol.asyncIterator]();
    await expect(talking.next()).resolves.toMatchObject({ value: { text: "BEFORE" } });
    const shownBefore = await certificateOf(pair.server.address);

    holder.replace(await ours.identity("repository", "r1"));
    const mine = holdIdentity(agent);
    await using client = openRpcClient(pair.server.address, clientCredentials(mine, repository));
    await client.service(ContractService).echo({ text: "x" });
    mine.replace(await ours.identity("agent", "a1"));
    await echo(pair.server.address, mine);
    turn.resolve();

    await expect(talking.next()).resolves.toMatchObject({ value: { text: "AFTER" } });
    expect(await certificateOf(pair.server.address)).not.toBe(shownBefore);
    expect(new Set(serials).size).toBe(3);
    await vi.waitFor(async () => expect((await talking.next()).done).toBe(true));
  });
});

const certificateOf = async (address: string): Promise<string> => {
  const [host, port] = address.split(":");
  const { caPem: ca, certificatePem: cert, keyPem: key } = agent;
  const socket = connect({ host, port: Number(port), ca, cert, key, checkServerIdentity: () => undefined });
  await new Promise((resolve, reject) => {
    socket.once("secureConnect", resolve).once("error", reject);
  });
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256;
};

describe("whoever joins", () => {
  const signal = AbortSignal.timeout(20_000);

  it("learns the authority from a server that it signed, by its fingerprint alone", async () => {
    await using pair = await openContractPair({
      credentials: serverCredentials(await ours.hold("controller", "main"), { asksForCertificates: false }),
    });
    const { certificatePem } = ours.authority;

    const learnt = await fetchTrust(pair.server.address, fingerprintOf(certificatePem), signal);
    expect(learnt.installationId).toBe(ours.installationId);
    expect(fingerprintOf(learnt.caPem)).toBe(fingerprintOf(certificatePem));
    await expect(fetchTrust(pair.server.address, "0".repeat(64), signal)).rejects.toMatchObject({
      code: "PEER_UNTRUSTED",
    });
  });

  it("is told when nobody answers", async () => {
    await expect(fetchTrust("unix:/tmp/hf-nobody.sock", "0".repeat(64), signal)).rejects.toMatchObject({
      code: "UNAVAILABLE",
    });
  });
});
