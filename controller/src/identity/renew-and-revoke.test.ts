import { createPrivateKey, sign } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { EnrollRequestSchema, RenewRequestSchema } from "@holdfast/proto/holdfast/controller/v1/identity_pb";
import { makeBusUser } from "@holdfast/shared/bus/bus-accounts";
import { systemClock } from "@holdfast/shared/clock/clock";
import { requestCertificate, requestRenewal } from "@holdfast/shared/identity/certificates";
import { parseJoinToken } from "@holdfast/shared/identity/join-token";
import { renewalText } from "@holdfast/shared/identity/keep-renewed";
import { controllerOwner } from "@holdfast/shared/installation/make-installation";
import { memoryLogger } from "@holdfast/shared/logging/memory-logger";
import { productVersion } from "@holdfast/shared/version/product-version";
import { expect, test } from "vitest";
import { openDatabase } from "../database/database.ts";
import { openTestIdentity } from "../testing/open-test-identity.ts";
import { openTestInstallation } from "../testing/open-test-installation.ts";
import { enroll } from "./enroll.ts";
import { createWorkerJoinTokens } from "./join-token-issuer.ts";
import { renew } from "./renew.ts";
import { revokeMember } from "./revoke-member.ts";

test("who is revoked while its certificate is renewed gets none, and stays revoked", async () => {
  await using home = await openTestInstallation();
  const { installation } = home;
  await using database = await openDatabase(":memory:", systemClock);
  await using systemBus = await home.connect(controllerOwner(installation.installationId), {
    busKey: installation.systemBusKey,
  });
  await using opened = await openTestIdentity({ installation, database, systemBus, log: memoryLogger() });
  const { deps } = opened;
  const signal = systemClock.timeout(20_000);
  const place = { managerName: "prod", clusterName: "east", workerId: "abcdefghijkl" };
  const issuer = createWorkerJoinTokens(deps, signal);
  const token = await issuer.issue({ role: "agent", agentId: "wabcdefghijkl", name: "worker-1", ...place });
  const { keyPem, requestPem } = await requestCertificate();
  const { certificatePem = "" } = await enroll(
    deps,
    create(EnrollRequestSchema, {
      ...parseJoinToken(token),
      requestPem,
      busPublicKey: makeBusUser().publicKey,
      version: productVersion,
    }),
  );
  const member = deps.members.get("agent", "worker-1");

  // The revocation comes whole between the first look at the member and the writing of its row.
  const authority: typeof deps.authority = {
    ...deps.authority,
    certify: async (wish) => {
      await revokeMember(deps, member, signal);
      return await deps.authority.certify(wish);
    },
  };
  const askedMs = Date.now();
  const again = await requestRenewal(keyPem);
  const signature = sign("sha256", Buffer.from(renewalText(askedMs, again)), createPrivateKey(keyPem));
  const request = create(RenewRequestSchema, {
    certificatePem,
    requestPem: again,
    askedMs: BigInt(askedMs),
    signature,
  });
  await expect(renew({ ...deps, authority }, request)).rejects.toMatchObject({ code: "IDENTITY_REVOKED" });
  expect(deps.members.get("agent", "wabcdefghijkl").revokedMs).not.toBeNull();
});
