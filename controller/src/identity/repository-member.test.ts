import { encodeManifest } from "@holdfast/shared/format/manifest";
import { goldenManifest } from "@holdfast/shared/format/testing/golden-samples";
import { PointService } from "@holdfast/proto/holdfast/controller/v1/point_pb";
import { RepositoryRegistryService } from "@holdfast/proto/holdfast/controller/v1/repository_pb";
import { RepositoryService } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { readCertificate, requestCertificate } from "@holdfast/shared/identity/certificates";
import { openTaskToken } from "@holdfast/shared/identity/task-token";
import { openTrustBundle } from "@holdfast/shared/identity/trust-bundle";
import { trustNumberHeader } from "@holdfast/shared/identity/trust-number";
import { serverCredentials } from "@holdfast/shared/rpc/credentials";
import { serveService } from "@holdfast/shared/rpc/implementation";
import { type RpcServer, openRpcServer } from "@holdfast/shared/rpc/server";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { MemberStage } from "../testing/open-member-stage.ts";
import { openTestInstallation, type TestInstallationFolder } from "../testing/open-test-installation.ts";

let home: TestInstallationFolder;
let stage: MemberStage;
beforeAll(async () => {
  home = await openTestInstallation();
});
afterAll(() => home[Symbol.asyncDispose]());
beforeEach(async () => {
  stage = await MemberStage.open(home);
});
afterEach(() => stage[Symbol.asyncDispose]());

const { clear } = goldenManifest;
const manifest = { ...goldenManifest, clear: { ...clear, attempt: { ...clear.attempt, taskId: "p1" } } };

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
        yield { part: { case: "manifestPiece", value: encodeManifest(manifest) } };
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
      log: stage.log,
      services: [serveService(RepositoryService, implementation as never)],
    });
  };

  it("is told of each revocation at once, and shown the newest number in every call", async () => {
    const [told, numbers]: [number[], (string | undefined)[]] = [[], []];
    await using repository = await serve("r-1", told, numbers);
    const registry = stage.client.service(RepositoryRegistryService);
    await registry.addRepository({ name: "main", address: repository.address });
    await stage.join(await stage.inviteAgent({ name: "agent-1", managerName: "prod", clusterName: "east" }));
    const { trustNumber } = await stage.identityCalls().revokeMember({ role: "agent", member: "agent-1" });
    expect(told.at(-1)).toBe(trustNumber);
    await registry.getRepository({ repository: "main" });
    expect(numbers.at(-1)).toBe(String(trustNumber));
  });

  it("of which an operator is granted one point is shown a certificate of the operator and a token for that point", async () => {
    await using repository = await serve("r-1", [], []);
    await stage.client.service(RepositoryRegistryService).addRepository({ name: "main", address: repository.address });
    const { requestPem } = await requestCertificate();
    const points = stage.client.service(PointService);
    const grant = await points.grantReading({ pointId: "p1", requestPem });
    expect(grant).toMatchObject({ repositoryId: "r-1", repositoryAddress: repository.address });
    const { name, keyId, notAfterMs } = readCertificate(grant.certificatePem);
    expect(name.role).toBe("operator");
    expect(notAfterMs - Date.now()).toBeLessThanOrEqual(3_600_000);
    const trust = openTrustBundle((await stage.identityCalls().getTrust({})).trust, grant.caPem);
    expect(openTaskToken(grant.taskToken, { trust, keyId, nowMs: Date.now() })).toMatchObject({
      operation: "export",
      pointId: "p1",
      repositoryId: "r-1",
      vmId: "v1",
    });
    await using viewer = home.dial(
      stage.address,
      (await stage.identityCalls().createUserToken({ name: "anna", role: "viewer" })).secret,
    );
    const refused = viewer.service(PointService).grantReading({ pointId: "p1", requestPem });
    await expect(refused).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
  });

  it("whose certificate names another is not believed", async () => {
    await using repository = await serve("r-1", [], []);
    const registry = stage.client.service(RepositoryRegistryService);
    await registry.addRepository({ name: "main", address: repository.address });
    const { address } = repository;
    await repository[Symbol.asyncDispose]();
    await using other = await openRpcServer({
      listen: address,
      credentials: serverCredentials(await home.hold("repository", "r-2"), { asksForCertificates: true }),
      log: stage.log,
      services: [],
    });
    expect(other.address).toBe(address);
    const { repository: shown } = await registry.getRepository({ repository: "main" });
    expect(shown?.state).toBe("unreachable");
  });
});
