import { create } from "@bufbuild/protobuf";
import { EnrollRequestSchema } from "@holdfast/proto/holdfast/controller/v1/identity_pb";
import { makeBusUser } from "@holdfast/shared/bus/bus-accounts";
import { systemClock } from "@holdfast/shared/clock/clock";
import { requestCertificate } from "@holdfast/shared/identity/certificates";
import { parseJoinToken } from "@holdfast/shared/identity/join-token";
import { controllerOwner } from "@holdfast/shared/installation/make-installation";
import { openInstallation } from "@holdfast/shared/installation/open-installation";
import { productVersion } from "@holdfast/shared/version/product-version";
import { cp, mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openDatabase } from "../database/database.ts";
import { MemberStage } from "../testing/open-member-stage.ts";
import { openTestIdentity, type TestIdentity } from "../testing/open-test-identity.ts";
import { openTestInstallation, type TestInstallationFolder } from "../testing/open-test-installation.ts";
import { enroll } from "./enroll.ts";
import { createWorkerJoinTokens } from "./join-token-issuer.ts";

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

/** The identity part of another controller of this installation's making, without an API. */
const openIdentityBench = async (): Promise<TestIdentity> => {
  const own = await mkdtemp(join(stage.folder, "bench-"));
  await cp(join(home.dataDir, "identity"), join(own, "identity"), { recursive: true });
  const installation = await openInstallation(own);
  const database = await openDatabase(":memory:", systemClock);
  const systemBus = await home.connect(controllerOwner(installation.installationId), {
    busKey: installation.systemBusKey,
  });
  const opened = await openTestIdentity({ installation, database, systemBus, log: stage.log });
  return {
    ...opened,
    [Symbol.asyncDispose]: async () => {
      await opened[Symbol.asyncDispose]();
      await systemBus[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
};

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
