import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { busCredentials } from "../bus/credentials.ts";
import { openBus } from "../bus/nats-bus.ts";
import { findNatsServer, openNatsServer } from "../bus/testing/nats-server.ts";
import { systemClock } from "../clock/clock.ts";
import { makeAuthority, readCertificate, requestCertificate, signCertificate } from "../identity/certificates.ts";
import { holdIdentity } from "../identity/identity.ts";
import { openTrustBundle } from "../identity/trust-bundle.ts";
import { isSecretOf, parseUserToken } from "../identity/user-token.ts";
import { systemRandom } from "../ids/ids.ts";
import { silentLogger } from "../logging/silent-logger.ts";
import { controllerOwner, type InstallationWish, makeInstallation } from "./make-installation.ts";
import { openInstallation } from "./open-installation.ts";

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "hf-inst-"));
});
afterEach(() => rm(dataDir, { recursive: true }));

const make = (wish: Partial<InstallationWish> = {}) =>
  makeInstallation({
    dataDir,
    controllers: ["127.0.0.1:7400"],
    busListen: "127.0.0.1:-1",
    busServers: ["tls://127.0.0.1:4222"],
    clock: systemClock,
    random: systemRandom,
    ...wish,
  });

const modesBelow = async (folder: string): Promise<readonly (readonly [string, number])[]> => {
  const entries = await readdir(folder, { recursive: true });
  return await Promise.all(entries.map(async (name) => [name, (await stat(join(folder, name))).mode & 0o777] as const));
};

const dayMs = 86_400_000;

describe("making an installation", () => {
  it("gives a controller everything with which it vouches for others", async () => {
    const made = await make();
    const installation = await openInstallation(dataDir);
    expect(installation).toMatchObject({
      installationId: made.installationId,
      membership: { role: "controller", controllers: ["127.0.0.1:7400"], busServers: ["tls://127.0.0.1:4222"] },
    });
    const { name, notAfterMs } = readCertificate(installation.identity.certificatePem);
    expect(name).toEqual({ installationId: made.installationId, role: "controller", id: "main" });
    expect(notAfterMs - systemClock.nowMs()).toBeGreaterThan(364 * dayMs);

    const trust = openTrustBundle(
      (await readFile(installation.files.trust, "utf8")).trim(),
      installation.identity.caPem,
    );
    expect(trust).toMatchObject({ number: 1, revoked: [], tokenKeys: [{ id: installation.signer.id }] });
  });

  it("starts with one administrator, whose token is in a file of its own and kept only as a hash", async () => {
    const made = await make();
    const token = parseUserToken(await readFile(made.adminTokenFile, "utf8"));
    const { firstAdmin } = await openInstallation(dataDir);
    expect(firstAdmin).toMatchObject({ tokenId: token.tokenId, role: "admin" });
    expect(isSecretOf(token.secret, firstAdmin.hash)).toBe(true);
    expect(isSecretOf(`${token.secret}x`, firstAdmin.hash)).toBe(false);
    expect(JSON.stringify(firstAdmin)).not.toContain(token.secret);
  });

  it("shows others nothing but certificates", async () => {
    await make();
    const open = (await modesBelow(dataDir)).filter(([, mode]) => (mode & 0o077) !== 0).map(([name]) => name);
    expect(open.sort()).toEqual([
      "identity/ca.pem",
      "identity/certificate.pem",
      "identity/nats/bus.pem",
      "identity/nats/ca.pem",
    ]);
  });

  it("writes a configuration that nats-server takes, and that lets its controller in and nobody else", async () => {
    const made = await make();
    await promisify(execFile)(await findNatsServer(), ["-t", "-c", made.natsConfigurationFile]);
    await using server = await openNatsServer({ configurationFile: made.natsConfigurationFile });
    const { identity, busKey, systemBusKey, installationId } = await openInstallation(dataDir);
    const ownerId = controllerOwner(installationId);
    const connect = (key: typeof busKey) =>
      openBus({
        servers: [server.url],
        credentials: busCredentials(holdIdentity(identity), key),
        name: "test",
        ownerId,
        log: silentLogger,
        connectTimeoutMs: 1_000,
      });
    for (const key of [busKey, systemBusKey]) {
      await using bus = await connect(key);
      expect(bus.state).toBe("connected");
    }
    await using other = {
      dataDir: await mkdtemp(join(tmpdir(), "hf-other-")),
      [Symbol.asyncDispose]: () => rm(other.dataDir, { recursive: true }),
    };
    await make({ dataDir: other.dataDir });
    const stranger = await openInstallation(other.dataDir);
    await expect(connect(stranger.busKey)).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });

  it("refuses a folder that has one, and changes nothing", async () => {
    await make();
    const before = await readFile(join(dataDir, "identity", "identity.json"), "utf8");
    await expect(make()).rejects.toMatchObject({ code: "ALREADY_EXISTS" });
    expect(await readFile(join(dataDir, "identity", "identity.json"), "utf8")).toBe(before);
    expect(await readdir(dataDir)).toEqual(["identity"]);
  });

  it("of two that are made at once one is there, whole", async () => {
    const results = await Promise.allSettled([make(), make()]);
    const made = results.filter((result) => result.status === "fulfilled");
    expect(made).toHaveLength(1);
    expect((await openInstallation(dataDir)).installationId).toBe(made[0]?.value.installationId);
  });

  it("clears up after a run that was cut short", async () => {
    await mkdir(join(dataDir, "identity.new-abcd1234"));
    await writeFile(join(dataDir, "identity.new-abcd1234", "ca.key"), "half");
    await make();
    expect(await readdir(dataDir)).toEqual(["identity"]);
  });

  it("keeps the id and the key of an older data folder", async () => {
    const key = `${Buffer.alloc(32, 7).toString("base64")}\n`;
    await writeFile(join(dataDir, "installation-id"), "older\n");
    await writeFile(join(dataDir, "secret.key"), key, { mode: 0o600 });
    expect(await make()).toMatchObject({ installationId: "older" });
    expect(await readFile((await openInstallation(dataDir)).files.secretKey, "utf8")).toBe(key);
    expect(await readdir(dataDir)).not.toContain("secret.key");
  });
});

describe("an authority of the operator's own", () => {
  const validity = { nowMs: systemClock.nowMs(), lifeMs: 20 * dayMs };

  it("signs everything, and nothing outlives it", async () => {
    const authority = await makeAuthority("Ours", validity);
    await make({ authority });
    const { identity } = await openInstallation(dataDir);
    expect(identity.caPem).toBe(authority.certificatePem);
    expect(readCertificate(identity.certificatePem).notAfterMs).toBeLessThanOrEqual(validity.nowMs + validity.lifeMs);
  });

  it("is refused when it is none, or the key is another's, and leaves nothing behind", async () => {
    const [one, other] = [await makeAuthority("One", validity), await makeAuthority("Other", validity)];
    const { keyPem, requestPem } = await requestCertificate();
    const name = { installationId: "x", role: "agent", id: "a" } as const;
    const leaf = await signCertificate(one, { requestPem, name, commonName: "a", ...validity });
    const wrong = [
      { certificatePem: one.certificatePem, keyPem: other.keyPem },
      { certificatePem: leaf, keyPem },
      { certificatePem: "none", keyPem },
    ];
    for (const authority of wrong) await expect(make({ authority })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    expect(await readdir(dataDir)).toEqual([]);
  });
});

it("a data folder without an installation says how to make one", async () => {
  await expect(openInstallation(dataDir)).rejects.toMatchObject({
    code: "IDENTITY_MISSING",
    message: expect.stringContaining("holdfast init"),
  });
});
