import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../clock/clock.ts";
import { Secret } from "../config/secret.ts";
import { memoryLogger } from "../logging/memory-logger.ts";
import { readCertificate } from "./certificates.ts";
import { readIdentityFolder, writeIdentityFolder } from "./identity-folder.ts";
import { parseJoinToken, writeJoinToken } from "./join-token.ts";
import { keepRenewed, renewExpired } from "./keep-renewed.ts";
import { openMembership, type OpenMembership } from "./open-membership.ts";
import { openServedIdentity } from "./testing/served-identity.ts";
import { makeTestInstallation, testInstallation } from "./testing/test-installation.ts";

const { signal } = new AbortController();
const within = { timeout: 10_000 };
const said = { name: "one", managerName: "m", clusterName: "c", repositoryId: "" };
let folder: string;
let log: ReturnType<typeof memoryLogger>;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hf-id-"));
  log = memoryLogger();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const open = (joinToken?: Secret, each = signal): Promise<OpenMembership> =>
  openMembership(
    { role: "agent", folder: join(folder, "identity"), joinBy: { joinToken, joinTokenFile: "" }, said },
    { clock: systemClock, log, random: () => 0 },
    each,
  );

describe("joining an installation", () => {
  it("makes a key here, keeps what it got, and is found again without a token", async () => {
    const installation = await testInstallation();
    await using controller = await openServedIdentity(installation, {
      busJwt: async () => "jwt",
      busServers: ["tls://b:1"],
    });
    const token = controller.invite("agent");
    const joined = await open(token);
    expect(joined.membership).toMatchObject({
      installationId: installation.installationId,
      role: "agent",
      id: "a1",
      managerName: "m",
      busServers: ["tls://b:1"],
      controllers: [controller.address],
    });
    expect(joined.busKey).toMatchObject({ jwt: "jwt" });
    expect(controller.enrolled[0]?.busPublicKey).toMatch(/^U/);
    expect((await stat(join(folder, "identity", "key.pem"))).mode & 0o077).toBe(0);

    const again = await open();
    expect(again.holder.current).toEqual(joined.holder.current);
    expect(again.trust.current.number).toBe(1);
    const { secret } = parseJoinToken(token.reveal());
    const kept = await Promise.all(
      ["identity.json", "trust.json"].map((name) => readFile(join(folder, "identity", name), "utf8")),
    );
    expect(inspect([log.lines, kept], { depth: 20 })).not.toContain(secret);
  });

  it("is refused with a token that was used, and with none", async () => {
    await using controller = await openServedIdentity(await testInstallation());
    const token = controller.invite("agent");
    await open(token);
    await rm(join(folder, "identity"), { recursive: true });
    await expect(open(token)).rejects.toMatchObject({ code: "JOIN_REFUSED" });
    await expect(open()).rejects.toMatchObject({ code: "IDENTITY_MISSING" });
    await expect(open(new Secret("hello"))).rejects.toMatchObject({ code: "JOIN_REFUSED" });
    await expect(open(controller.invite("repository"))).rejects.toMatchObject({ code: "JOIN_REFUSED" });
  });

  it("believes nobody but the authority that the token pins, and sends the secret to nobody else", async () => {
    await using stranger = await openServedIdentity(await makeTestInstallation());
    const token = parseJoinToken(stranger.invite("agent").reveal());
    const other = new Secret(writeJoinToken({ ...token, caFingerprint: "0".repeat(64) }));
    await expect(open(other)).rejects.toMatchObject({ code: "PEER_UNTRUSTED" });
    expect(stranger.enrolled).toEqual([]);
  });

  it("tries its controllers in order, and goes on while none can be reached", async () => {
    const installation = await testInstallation();
    const first = await openServedIdentity(installation);
    const token = first.invite("agent", ["127.0.0.1:1", first.address]);
    await first[Symbol.asyncDispose]();
    const joining = open(token);
    joining.catch(() => undefined);
    const isTold = (): boolean => log.lines.some(({ message }) => message.includes("no controller can be reached"));
    await expect.poll(isTold, within).toBe(true);
    await using late = await openServedIdentity(installation, { listen: first.address });
    late.accept(parseJoinToken(token.reveal()).secret);
    expect((await joining).membership.id).toBe("a1");
  });

  it("ends its tries when it is told to stop", async () => {
    await using controller = await openServedIdentity(await testInstallation());
    const token = controller.invite("agent", ["127.0.0.1:1"]);
    const stop = new AbortController();
    const joining = open(token, stop.signal);
    joining.catch(() => undefined);
    await expect.poll(() => log.lines.length, within).toBeGreaterThan(0);
    stop.abort(new Error("enough"));
    await expect(joining).rejects.toThrow("enough");
  });
});

describe("a certificate", () => {
  it("is renewed at two thirds of its life, with its key, into the folder and for whoever holds it", async () => {
    await using controller = await openServedIdentity(await testInstallation(), { lifeMs: 3_000 });
    const opened = await open(controller.invite("agent"));
    const first = readCertificate(opened.holder.current.certificatePem);
    controller.trust = (await testInstallation()).trust(7);
    const stop = new AbortController();
    const renewing = keepRenewed(opened, { clock: systemClock, log }, stop.signal);
    await expect.poll(() => controller.renewals(), within).toBeGreaterThan(0);
    await expect
      .poll(() => readCertificate(opened.holder.current.certificatePem).serial, within)
      .not.toBe(first.serial);
    stop.abort();
    await renewing;
    expect(readCertificate(opened.holder.current.certificatePem).keyId).toBe(first.keyId);
    const stored = await readIdentityFolder(opened.folder);
    expect(stored?.identity.certificatePem).toBe(opened.holder.current.certificatePem);
    expect((await open()).trust.current.number).toBe(7);
    expect(log.lines.find(({ message }) => message === "certificate renewed")?.fields).toHaveProperty("daysLeft");
  });

  it("is renewed after it expired", async () => {
    const installation = await testInstallation();
    await using controller = await openServedIdentity(installation);
    const opened = await open(controller.invite("agent"));
    const expired = await installation.identity("agent", "a1", -1_000);
    await writeIdentityFolder(opened.folder, { membership: opened.membership, identity: expired, busKey: undefined });
    const again = await open();
    await renewExpired(again, { clock: systemClock, log }, signal);
    await renewExpired(again, { clock: systemClock, log }, signal);
    expect(controller.renewals()).toBe(1);
    await expect
      .poll(() => readCertificate(again.holder.current.certificatePem).notAfterMs, within)
      .toBeGreaterThan(Date.now());
  });

  it("ends its process when the controller refuses to renew it, and when a trust bundle takes it back", async () => {
    const installation = await testInstallation();
    await using controller = await openServedIdentity(installation, { lifeMs: 1 });
    const refused = await open(controller.invite("agent"));
    controller.revoke();
    await expect(keepRenewed(refused, { clock: systemClock, log }, signal)).rejects.toMatchObject({
      code: "IDENTITY_REVOKED",
    });

    await rm(refused.folder, { recursive: true });
    const identity = await installation.identity("agent", "a1");
    await writeIdentityFolder(refused.folder, { membership: refused.membership, identity, busKey: undefined });
    await writeFile(join(refused.folder, "trust.json"), installation.trust(1));
    const told = await open();
    const renewing = keepRenewed(told, { clock: systemClock, log }, signal);
    const { keyId } = readCertificate(identity.certificatePem);
    renewing.catch(() => undefined);
    await told.trust.accept(installation.trust(2, [{ keyId, name: "a1", revokedMs: 1 }]));
    await expect(renewing).rejects.toMatchObject({ code: "IDENTITY_REVOKED" });
    await expect(open()).rejects.toMatchObject({ code: "IDENTITY_REVOKED" });
  });

  it("is not taken from a controller that was put back to an earlier state", async () => {
    const installation = await testInstallation();
    await using controller = await openServedIdentity(installation, { lifeMs: 1 });
    const opened = await open(controller.invite("agent"));
    await opened.trust.accept(installation.trust(5));
    const before = opened.holder.current.certificatePem;
    const stop = new AbortController();
    const renewing = keepRenewed(opened, { clock: systemClock, log }, stop.signal);
    await expect
      .poll(() => log.lines.find(({ message }) => message === "loop failed")?.fields?.["err"], within)
      .toMatchObject({ code: "CONTROLLER_OUTDATED" });
    stop.abort();
    await renewing;
    expect(opened.holder.current.certificatePem).toBe(before);
  });
});
