import { AgentService } from "@holdfast/proto/holdfast/controller/v1/agent_pb";
import { JobService } from "@holdfast/proto/holdfast/controller/v1/job_pb";
import { wakeSubject } from "@holdfast/shared/bus/subjects";
import { systemClock } from "@holdfast/shared/clock/clock";
import { readCertificate } from "@holdfast/shared/identity/certificates";
import { keepRenewed } from "@holdfast/shared/identity/keep-renewed";
import { openTrustBundle } from "@holdfast/shared/identity/trust-bundle";
import { productVersion } from "@holdfast/shared/version/product-version";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { hello, MemberStage } from "../testing/open-member-stage.ts";
import { openTestInstallation, type TestInstallationFolder } from "../testing/open-test-installation.ts";

const within = { timeout: 10_000, interval: 20 };
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

describe("a member", () => {
  it("renews by itself, and goes on in a controller that lost its database", async () => {
    await stage.stop();
    await stage.start({ identity: { certificateLifeMs: 3_000 } });
    const member = await stage.join(
      await stage.inviteAgent({ name: "agent-1", managerName: "prod", clusterName: "east" }),
    );
    const listen = stage.address;
    await stage.stop();
    await stage.loseDatabase();
    await stage.start({ listen });
    const before = readCertificate(member.holder.current.certificatePem);
    const stop = new AbortController();
    const renewing = keepRenewed(member, { clock: systemClock, log: stage.log }, stop.signal);
    await vi.waitFor(() => {
      expect(readCertificate(member.holder.current.certificatePem).serial).not.toBe(before.serial);
    }, within);
    stop.abort();
    await renewing;
    const { members } = await stage.identityCalls().listMembers({});
    expect(members).toMatchObject([{ id: member.membership.id, name: "agent-1", managerName: "prod", revokedMs: 0n }]);
  });

  it("that is revoked is cut off the bus at once, renews no more, and is shown as revoked", async () => {
    const member = await stage.join(
      await stage.inviteAgent({ name: "agent-1", managerName: "prod", clusterName: "east" }),
    );
    const other = await stage.join(
      await stage.inviteAgent({ name: "agent-2", managerName: "prod", clusterName: "east" }),
    );
    const { id } = member.membership;
    await using bus = await stage.busOf(member);
    await using otherBus = await stage.busOf(other);
    await hello(bus, id);
    const cut = Promise.withResolvers<string>();
    bus.onState(cut.resolve);

    const { trustNumber } = await stage.identityCalls().revokeMember({ role: "agent", member: "agent-1" });
    await expect(cut.promise).resolves.toBe("reconnecting");
    await expect(stage.busOf(member, 2_000)).rejects.toMatchObject({ code: "UNAVAILABLE" });
    const heard = await hello(otherBus, other.membership.id);
    expect(openTrustBundle(heard.trust, home.installation.identity.caPem).number).toBe(trustNumber);

    await expect(stage.renew(member)).rejects.toMatchObject({ code: "IDENTITY_REVOKED" });
    await expect(stage.renew(other)).resolves.toMatchObject({ trust: heard.trust });
    const { agent } = await stage.client.service(AgentService).getAgent({ agent: id });
    expect(agent).toMatchObject({ state: "revoked", stateReason: expect.stringContaining("revoked") });
    const { members } = await stage.identityCalls().listMembers({});
    expect(members.find((one) => one.id === id)?.revokedMs).not.toBe(0n);
  });

  it("stays cut off when bus and controller are started anew", async () => {
    const member = await stage.join(
      await stage.inviteAgent({ name: "agent-1", managerName: "prod", clusterName: "east" }),
    );
    await stage.identityCalls().revokeMember({ role: "agent", member: "agent-1" });
    await stage.stop();
    await stage.start();
    await vi.waitFor(async () => {
      await expect(stage.busOf(member, 2_000)).rejects.toMatchObject({ code: "UNAVAILABLE" });
    }, within);
  });

  it("of a version that is too far apart is told so, and shown with both versions", async () => {
    const member = await stage.join(await stage.inviteAgent({ name: "old", managerName: "prod", clusterName: "east" }));
    await using bus = await stage.busOf(member);
    await expect(hello(bus, member.membership.id, { version: "9.0.0" })).rejects.toMatchObject({
      code: "VERSION_UNSUPPORTED",
    });
    const { agent } = await stage.client.service(AgentService).getAgent({ agent: "old" });
    expect(agent).toMatchObject({ state: "incompatible" });
    expect(agent?.stateReason).toContain("9.0.0");
    expect(agent?.stateReason).toContain(productVersion);
  });

  it("hears the wake-ups of its own cluster and of no other", async () => {
    const member = await stage.join(await stage.inviteAgent({ managerName: "prod", clusterName: "east" }));
    await using bus = await stage.busOf(member);
    await using own = await bus.subscribe(wakeSubject("prod", "east"));
    await using anything = await home.connect("anybody");
    anything.publish(wakeSubject("prod", "east"), Buffer.from("x"));
    const next = await own[Symbol.asyncIterator]().next();
    expect(next.done).toBe(false);
  });
});

describe("users", () => {
  it("may do what their role allows, on the real API", async () => {
    const { secret } = await stage.identityCalls().createUserToken({ name: "anna", role: "viewer" });
    await using viewer = home.dial(stage.address, secret);
    await viewer.service(JobService).listJobs({});
    await expect(viewer.service(JobService).runJob({ job: "x" })).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
    await using nobody = home.dial(stage.address, "");
    await expect(nobody.service(JobService).listJobs({})).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    const { tokens } = await stage.identityCalls().listUserTokens({});
    const anna = tokens.find(({ name }) => name === "anna");
    expect(Number(anna?.lastUsedMs)).toBeGreaterThan(0);
    await stage.identityCalls().revokeUserToken({ tokenId: anna?.tokenId ?? "" });
    await expect(viewer.service(JobService).listJobs({})).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  });
});
