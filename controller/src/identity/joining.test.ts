import { AgentService } from "@holdfast/proto/holdfast/controller/v1/agent_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { readCertificate, requestCertificate } from "@holdfast/shared/identity/certificates";
import { parseJoinToken } from "@holdfast/shared/identity/join-token";
import { openTrustBundle } from "@holdfast/shared/identity/trust-bundle";
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { said, hello, MemberStage } from "../testing/open-member-stage.ts";
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

describe("joining", () => {
  it("gives an agent an id, the place of its invitation, and a user of the bus that speaks for it alone", async () => {
    const token = await stage.inviteAgent({ name: "agent-1", managerName: "prod", clusterName: "east" });
    const member = await stage.join(token);
    expect(member.membership).toMatchObject({
      id: expect.stringMatching(/^[0-9a-z]{16}$/),
      name: "agent-1",
      managerName: "prod",
      clusterName: "east",
      controllers: [stage.address],
      busServers: [home.nats.url],
    });
    const { id } = member.membership;
    await using bus = await stage.busOf(member);
    expect(await hello(bus, id)).toMatchObject({ trust: member.trust.signed });
    await expect(hello(bus, "another")).rejects.toBeInstanceOf(HoldfastError);
    const { agent } = await stage.client.service(AgentService).getAgent({ agent: id });
    expect(agent).toMatchObject({ name: "agent-1", managerName: "prod", clusterName: "east", state: "unplaced" });
    expect(Number(agent?.certificateExpiresMs)).toBeGreaterThan(Date.now());
  });

  it("leaves to an agent what its invitation does not say", async () => {
    const { membership } = await stage.join(await stage.inviteAgent());
    expect(membership).toMatchObject({ name: said.name, managerName: said.managerName });
  });

  it("is good once, for the role that it names, and not after its time", async () => {
    const token = await stage.inviteAgent();
    await stage.join(token);
    await expect(stage.join(token)).rejects.toMatchObject({ code: "JOIN_REFUSED" });
    const { inviteId, secret } = parseJoinToken(token);
    const { requestPem } = await requestCertificate();
    const guessed = stage.identityCalls().enroll({ inviteId, secret: `${secret}x`, requestPem, busPublicKey: "U" });
    await expect(guessed).rejects.toMatchObject({ code: "JOIN_REFUSED", message: expect.stringContaining("unknown") });
    await expect(stage.identityCalls().enroll({ inviteId, secret, requestPem: "x" })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
    await expect(stage.identityCalls().invite({ role: "controller" })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
    const wrong = stage.identityCalls().invite({ role: "repository", managerName: "prod", clusterName: "east" });
    await expect(wrong).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  it("lets in one of two that come with one token at once", async () => {
    const token = await stage.inviteAgent();
    const results = await Promise.allSettled([stage.join(token), stage.join(token)]);
    expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  });

  it("gives a repository its own id, once: another server of it needs an invitation that says so", async () => {
    const invite = async (replacesRepositoryId = ""): Promise<string> =>
      (await stage.identityCalls().invite({ role: "repository", replacesRepositoryId })).joinToken;
    const id = "0b0e3f1c-5a54-4c52-9d5e-6d1a1f0a8c11";
    const first = await stage.join(await invite(), "repository", id);
    expect(readCertificate(first.holder.current.certificatePem).name).toMatchObject({ role: "repository", id });
    await expect(stage.join(await invite(), "repository", id)).rejects.toMatchObject({ code: "JOIN_REFUSED" });
    const second = await stage.join(await invite(id), "repository", id);
    const trust = openTrustBundle((await stage.identityCalls().getTrust({})).trust, home.installation.identity.caPem);
    const [firstKey, secondKey] = [first, second].map(
      ({ holder }) => readCertificate(holder.current.certificatePem).keyId,
    );
    expect(trust.revoked.map(({ keyId }) => keyId)).toContain(firstKey);
    expect(trust.revoked.map(({ keyId }) => keyId)).not.toContain(secondKey);
  });

  it("keeps no secret in the database or the log (R12)", async () => {
    const token = await stage.inviteAgent();
    const member = await stage.join(token);
    const { secret: userToken } = await stage.identityCalls().createUserToken({ name: "anna", role: "viewer" });
    await stage.stop();
    const files = (await readdir(stage.folder)).filter((name) => name.startsWith("controller.db"));
    const kept = (await Promise.all(files.map((name) => readFile(join(stage.folder, name), "latin1")))).join("");
    const logged = inspect(stage.log.lines, { depth: 20 });
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
    await stage.start();
  });
});
