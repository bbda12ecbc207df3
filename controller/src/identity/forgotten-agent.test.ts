import { AgentService } from "@holdfast/proto/holdfast/controller/v1/agent_pb";
import { wakeSubject } from "@holdfast/shared/bus/subjects";
import { systemClock } from "@holdfast/shared/clock/clock";
import { readCertificate } from "@holdfast/shared/identity/certificates";
import { keepRenewed } from "@holdfast/shared/identity/keep-renewed";
import type { OpenMembership } from "@holdfast/shared/identity/open-membership";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { hello, MemberStage } from "../testing/open-member-stage.ts";
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

const place = { managerName: "prod", clusterName: "east" };

/** An agent that the controller knows no more: database and ledger are lost. */
const forgotten = async (certificateLifeMs = 86_400_000): Promise<OpenMembership> => {
  await stage.stop();
  await stage.start({ identity: { certificateLifeMs } });
  const member = await stage.join(await stage.inviteAgent({ name: "agent-1", ...place }));
  const listen = stage.address;
  await stage.stop();
  await stage.loseDatabase();
  await stage.loseLedger();
  await stage.start({ listen });
  expect((await stage.identityCalls().listMembers({})).members).toEqual([]);
  return member;
};
const shownBy = ({ holder, busKey }: OpenMembership) => ({
  certificatePem: holder.current.certificatePem,
  busJwt: busKey?.jwt ?? "",
});

it("is recorded by what it shows in its hello, and can be revoked by name: it is cut off the bus", async () => {
  const member = await forgotten();
  const { id } = member.membership;
  await using bus = await stage.busOf(member);
  await hello(bus, id, { ...shownBy(member), ...place, name: "agent-1" });
  const { members } = await stage.identityCalls().listMembers({});
  const expiresMs = BigInt(readCertificate(member.holder.current.certificatePem).notAfterMs);
  expect(members).toMatchObject([{ role: "agent", id, name: "agent-1", ...place, expiresMs, revokedMs: 0n }]);

  const cut = Promise.withResolvers<string>();
  bus.onState(cut.resolve);
  await stage.identityCalls().revokeMember({ role: "agent", member: "agent-1" });
  await expect(cut.promise).resolves.toBe("reconnecting");
  await expect(stage.busOf(member, 2_000)).rejects.toMatchObject({ cause: { code: "AUTHORIZATION_VIOLATION" } });
  await expect(stage.renew(member)).rejects.toMatchObject({ code: "IDENTITY_REVOKED" });
});

it("that renews before it says hello can be revoked by id: it is cut off the bus", async () => {
  const member = await forgotten();
  const { id } = member.membership;
  // Where it is deployed is forgotten: a JWT signed now would hear less than the one that it has.
  expect((await stage.renew(member)).busJwt).toBe("");
  await using bus = await stage.busOf(member);
  const cut = Promise.withResolvers<string>();
  bus.onState(cut.resolve);
  await stage.identityCalls().revokeMember({ role: "agent", member: id });
  await expect(cut.promise).resolves.toBe("reconnecting");
  await expect(stage.busOf(member, 2_000)).rejects.toMatchObject({ cause: { code: "AUTHORIZATION_VIOLATION" } });
});

it("that renews by itself shows what a revocation takes from the bus", async () => {
  const member = await forgotten(3_000);
  const { certificatePem } = member.holder.current;
  const stop = new AbortController();
  const renewing = keepRenewed(member, { clock: systemClock, log: stage.log }, stop.signal);
  await expect.poll(() => member.holder.current.certificatePem, { timeout: 20_000 }).not.toBe(certificatePem);
  stop.abort();
  await renewing;
  await using bus = await stage.busOf(member);
  const cut = Promise.withResolvers<string>();
  bus.onState(cut.resolve);
  await stage.identityCalls().revokeMember({ role: "agent", member: member.membership.id });
  await expect(cut.promise).resolves.toBe("reconnecting");
});

it("goes on hearing the wake-ups of its place after it was recorded and renewed", async () => {
  const member = await forgotten();
  await using bus = await stage.busOf(member);
  await hello(bus, member.membership.id, { ...shownBy(member), ...place });
  const { busJwt } = await stage.renew(member);
  await using renewed = await stage.busOf({ ...member, busKey: { jwt: busJwt, seed: member.busKey?.seed ?? "" } });
  await using own = await renewed.subscribe(wakeSubject("prod", "east"));
  await using anybody = await home.connect("anybody");
  anybody.publish(wakeSubject("prod", "east"), Buffer.from("x"));
  expect((await own[Symbol.asyncIterator]().next()).done).toBe(false);
});

it("is given nothing while it does not show what is its own", async () => {
  const member = await forgotten();
  const other = await stage.join(await stage.inviteAgent({ name: "agent-2", ...place }));
  const { id } = member.membership;
  await using bus = await stage.busOf(member);
  const own = shownBy(member);
  const strange = await home.hold("repository", id);
  const refusals = [
    {},
    { ...own, certificatePem: "" },
    { ...own, busJwt: "" },
    { ...own, certificatePem: shownBy(other).certificatePem },
    { ...own, certificatePem: strange.current.certificatePem },
    { ...own, busJwt: shownBy(other).busJwt },
    { ...own, busJwt: home.installation.busKey.jwt },
    { ...own, busJwt: `${own.busJwt.slice(0, -8)}AAAAAAAA` },
  ];
  for (const facts of refusals) await expect(hello(bus, id, facts)).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  expect((await stage.client.service(AgentService).listAgents({})).agents).toEqual([]);
  const { members } = await stage.identityCalls().listMembers({});
  expect(members.map((one) => one.name)).toEqual(["agent-2"]);
});

it("is recorded without the place that it claims, where the bus does not let it hear that", async () => {
  const member = await forgotten();
  await using bus = await stage.busOf(member);
  await hello(bus, member.membership.id, { ...shownBy(member), managerName: "prod", clusterName: "west" });
  const { members } = await stage.identityCalls().listMembers({});
  expect(members).toMatchObject([{ managerName: "", clusterName: "" }]);
});

it("whose key was revoked is not recorded, and renews nothing", async () => {
  const member = await stage.join(await stage.inviteAgent({ name: "agent-1", ...place }));
  const { id } = member.membership;
  await stage.identityCalls().revokeMember({ role: "agent", member: id });
  await stage.stop();
  await stage.loseDatabase();
  await stage.loseLedger();
  await stage.start();
  await using anybody = await home.connect(id);
  await expect(hello(anybody, id, shownBy(member))).rejects.toMatchObject({ code: "IDENTITY_REVOKED" });
  await expect(stage.renew(member)).rejects.toMatchObject({ code: "IDENTITY_REVOKED" });
  expect((await stage.identityCalls().listMembers({})).members).toEqual([]);
});
