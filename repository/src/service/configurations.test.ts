import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { PutConfigurationRequestSchema } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { sealConfiguration } from "@holdfast/shared/configuration/seal-configuration";
import { parseRepositoryId } from "@holdfast/shared/format/repository-id";
import { trustNumberHeader } from "@holdfast/shared/identity/trust-number";
import { makeRecoveryKey } from "@holdfast/shared/recovery/recovery-key";
import { describe, expect, it } from "vitest";
import { callers, connectAs, installation, type RepositoryClient } from "../testing/test-callers.ts";
import { openTestServer } from "../testing/test-server.ts";

const key = makeRecoveryKey();
const { installationId } = installation;

const sealed = (repositoryId: string, number: number, plain: Uint8Array = Buffer.from("secrets"), createdMs = 1) =>
  sealConfiguration(plain, {
    repositoryId: parseRepositoryId(repositoryId),
    number,
    createdMs,
    publicKey: key.publicKey,
  });

async function* pieces(
  number: number,
  bytes: Uint8Array,
  said = bytes.byteLength,
): AsyncGenerator<MessageInitShape<typeof PutConfigurationRequestSchema>> {
  yield { part: { case: "start", value: { number, bytes: said } } };
  for (let offset = 0; offset < bytes.byteLength; offset += 100_000)
    yield { part: { case: "piece", value: bytes.subarray(offset, offset + 100_000) } };
}

const put = (client: RepositoryClient, number: number, bytes: Uint8Array, said?: number) =>
  client.putConfiguration(pieces(number, bytes, said));

const numbersOf = async (client: RepositoryClient): Promise<readonly (number | undefined)[]> =>
  (await client.listConfigurations({})).configurations.map(({ number }) => number);

describe("configurations", () => {
  it("are listed and given back as they were put, large ones in pieces, also after a restart", async () => {
    await using server = await openTestServer();
    const bytes = sealed(server.repositoryId, 3, Buffer.alloc(700_000, 7));
    const { configuration } = await put(server.client, 3, bytes);
    expect(configuration).toMatchObject({ installationId, number: 3, bytes: bytes.byteLength });

    await server.server[Symbol.asyncDispose]();
    await using next = await openTestServer({ create: false, joinToken: "" }, { folder: server.folder });
    expect((await next.client.listConfigurations({})).configurations).toEqual([configuration]);
    const got: Uint8Array[] = [];
    for await (const { piece } of next.client.getConfiguration({ installationId, number: 3 })) got.push(piece);
    expect(got.length).toBeGreaterThan(1);
    expect(Buffer.concat(got)).toEqual(Buffer.from(bytes));
    await expect(
      next.client.getConfiguration({ installationId, number: 4 })[Symbol.asyncIterator]().next(),
    ).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("take no number twice and none below the highest", async () => {
    await using server = await openTestServer();
    const { client, repositoryId } = server;
    await put(client, 5, sealed(repositoryId, 5));
    for (const number of [1, 4, 5])
      await expect(put(client, number, sealed(repositoryId, number))).rejects.toMatchObject({ code: "ALREADY_EXISTS" });
    await put(client, 6, sealed(repositoryId, 6));
    expect(await numbersOf(client)).toEqual([5, 6]);
  });

  it("that are not what they say are refused and leave nothing", async () => {
    await using server = await openTestServer();
    const { client, repositoryId } = server;
    const good = sealed(repositoryId, 1);
    const flipped = Uint8Array.from(good);
    flipped[60] = (flipped[60] ?? 0) ^ 1;
    const other = sealed("0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0", 1);
    await expect(put(client, 1, flipped)).rejects.toMatchObject({ code: "CONFIGURATION_DAMAGED" });
    await expect(put(client, 2, good)).rejects.toMatchObject({ code: "CONFIGURATION_DAMAGED" });
    await expect(put(client, 1, other)).rejects.toMatchObject({ code: "REPOSITORY_MISMATCH" });
    await expect(put(client, 1, good, good.byteLength - 1)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await expect(put(client, 1, good, good.byteLength + 1)).rejects.toMatchObject({ code: "CONFIGURATION_DAMAGED" });
    await expect(put(client, 1, good.subarray(0, 90), good.byteLength)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
    await expect(put(client, 1, Buffer.alloc(500), 500)).rejects.toMatchObject({ code: "CONFIGURATION_DAMAGED" });
    await expect(put(client, 1, good, 300 * 1024 * 1024)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await expect(client.putConfiguration((async function* () {})())).rejects.toMatchObject({ code: "STREAM_REFUSED" });
    expect(await numbersOf(client)).toEqual([]);
    expect(await readdir(join(server.directory, "tmp"))).toEqual([]);
  });

  it("are pruned by the server: the newest 30 stay, and one a month before them", async () => {
    await using server = await openTestServer();
    const { client, repositoryId } = server;
    for (let number = 1; number <= 34; number += 1) {
      const createdMs = number <= 2 ? Date.UTC(2026, 0, number) : Date.UTC(2026, 1, number - 2);
      await put(client, number, sealed(repositoryId, number, Buffer.from("x"), createdMs));
    }
    expect(await numbersOf(client)).toEqual([2, 4, ...Array.from({ length: 30 }, (_, index) => index + 5)]);
  });

  it("of which one is damaged are listed without it, and its number is not given again", async () => {
    await using server = await openTestServer();
    const { client, repositoryId, directory } = server;
    for (const number of [1, 2]) await put(client, number, sealed(repositoryId, number));
    const path = join(directory, "configurations", installationId, "00000002");
    const bytes = await readFile(path);
    bytes.writeUInt8(0, 0);
    await writeFile(path, bytes);
    expect(await numbersOf(client)).toEqual([1]);
    await expect(put(client, 2, sealed(repositoryId, 2))).rejects.toMatchObject({ code: "ALREADY_EXISTS" });
    await put(client, 3, sealed(repositoryId, 3));
  });

  it("are for a controller alone, and for one that forgot nothing", async () => {
    await using server = await openTestServer();
    await using agent = connectAs(server.server.address, callers.agent, {});
    await using outdated = connectAs(server.server.address, callers.controller, { [trustNumberHeader]: "0" });
    const denied = { code: "PERMISSION_DENIED" };
    await expect(put(agent.client, 1, sealed(server.repositoryId, 1))).rejects.toMatchObject(denied);
    await expect(agent.client.listConfigurations({})).rejects.toMatchObject(denied);
    await expect(agent.client.getTrust({})).rejects.toMatchObject(denied);
    await expect(outdated.client.listConfigurations({})).rejects.toMatchObject({ code: "CONTROLLER_OUTDATED" });
    expect((await outdated.client.getTrust({})).trust).toHaveLength(1);
  });
});

it("a key that was revoked stays so when a later bundle leaves it out, and the controller is shown which", async () => {
  await using server = await openTestServer();
  const gone = { keyId: "k1", name: "agent gone", revokedMs: 1 };
  const said = installation.trust(3, [gone]);
  expect(await server.client.updateTrust({ trust: said })).toMatchObject({ number: 3, remembers: false });
  const raised = installation.trust(900);
  expect(await server.client.updateTrust({ trust: raised })).toMatchObject({ number: 900, remembers: true });
  expect((await server.client.getTrust({})).trust).toEqual([raised, said]);
  const learnt = installation.trust(901, [gone]);
  expect(await server.client.updateTrust({ trust: learnt })).toMatchObject({ number: 901, remembers: false });
});
