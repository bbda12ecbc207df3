import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@holdfast/shared/clock/clock";
import { packConfiguration } from "@holdfast/shared/configuration/configuration-content";
import { sealConfiguration } from "@holdfast/shared/configuration/seal-configuration";
import { newRepositoryId } from "@holdfast/shared/format/repository-id";
import { readCertificate } from "@holdfast/shared/identity/certificates";
import { openTrustBundle } from "@holdfast/shared/identity/trust-bundle";
import { parseUserToken } from "@holdfast/shared/identity/user-token";
import { type SessionId, systemRandom } from "@holdfast/shared/ids/ids";
import { makeInstallation } from "@holdfast/shared/installation/make-installation";
import { type Installation, openInstallation } from "@holdfast/shared/installation/open-installation";
import { makeRecoveryKey, publicHalfOf, readRecoveryKey } from "@holdfast/shared/recovery/recovery-key";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { collectConfiguration } from "../configurations/collect-configuration.ts";
import { openDatabase } from "../database/database.ts";
import { insertInvitation } from "../database/invitations-table.ts";
import { listJobs, saveJob } from "../database/jobs-table.ts";
import { saveRepository } from "../database/repositories-table.ts";
import { findSession, insertSession } from "../database/sessions-table.ts";
import { listUserTokens } from "../database/user-tokens-table.ts";
import { openAuthority } from "../identity/authority.ts";
import { openIdentity } from "../identity/open-identity.ts";
import { openLedger } from "../identity/ledger.ts";
import { testJob, testSession } from "../testing/test-rows.ts";
import { recoverController, type Recovered, type RecoveryWish } from "./recover-controller.ts";

const repositoryId = newRepositoryId(systemRandom);

describe("a controller that is rebuilt from a configuration", () => {
  let home = "";
  let lost: Installation;
  let key: Uint8Array;
  let configuration: Uint8Array;
  let folder = "";
  /** The number of the bundle after the backup. */
  let lastNumber = 0;
  /** What every test but those that rebuild it themselves looks at. */
  let made: Recovered;

  /** A controller with a job, a running session, an invitation and two revocations, backed up after the first of them. */
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), "hf-rec-"));
    const dataDir = join(home, "lost");
    const initial = await makeInstallation({
      dataDir,
      controllers: ["backup.example:7400"],
      busListen: "0.0.0.0:4222",
      busServers: ["tls://backup.example:4222"],
      clock: systemClock,
      random: systemRandom,
    });
    key = readRecoveryKey(initial.recoveryKit.recoveryKey);
    await writeFile(
      join(dataDir, "controller.yaml"),
      `dataDir: ${dataDir}\ntimeZone: Europe/Berlin\nrpc: {listen: ["0.0.0.0:7400"]}\n`,
    );
    lost = await openInstallation(dataDir);
    await using database = await openDatabase(join(dataDir, "controller.db"), systemClock);
    await openIdentity({ installation: lost, database, clock: systemClock, random: systemRandom });
    await database.inTransaction((queries) => saveJob(queries, testJob({ name: "nightly", enabled: true })));
    await saveRepository(database.queries, { repositoryId, name: "main", address: "127.0.0.1:7410", createdMs: 1 });
    await insertSession(database.queries, testSession({ sessionId: "s1" as SessionId, state: "running" }));
    await insertInvitation(database.queries, {
      inviteId: "i1",
      secretHash: "h",
      role: "agent",
      memberId: "",
      name: "",
      managerName: "",
      clusterName: "",
      workerId: "",
      replacesId: "",
      createdMs: 1,
      expiresMs: 9e12,
      usedMs: null,
      usedKeyId: "",
    });
    const authority = await openAuthority(lost, await openLedger(lost.files.members), systemClock);
    await authority.revoke({ role: "agent", id: "a", keyId: "k-a", busPublicKey: "UA" });
    const source = { database, dataDir, keyFile: undefined, installationId: lost.installationId };
    const content = await collectConfiguration(source, { kit: 1, createdMs: systemClock.nowMs() });
    const wish = { repositoryId, number: 3, createdMs: content.createdMs, publicKey: publicHalfOf(key) };
    configuration = sealConfiguration(await packConfiguration(content), wish);
    for (const id of ["b", "c", "d"])
      await authority.revoke({ role: "agent", id, keyId: `k-${id}`, busPublicKey: `U${id}` });
    lastNumber = authority.trust.current.number;
    folder = home;
    made = await recover();
  });
  afterAll(() => rm(home, { recursive: true }));
  beforeEach(async () => {
    folder = await mkdtemp(join(home, "t-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const recover = (wish: Partial<RecoveryWish> = {}) =>
    recoverController({
      configuration,
      recoveryKey: key,
      dataDir: join(folder, "controller"),
      clock: systemClock,
      random: systemRandom,
      ...wish,
    });

  it("is the same installation, with its keys, its paths and its settings", async () => {
    expect(made).toMatchObject({
      installationId: lost.installationId,
      number: 3,
      kit: 1,
      controllers: ["backup.example:7400"],
      repositories: [{ repositoryId, name: "main" }],
    });
    const { dataDir } = made;
    const again = await openInstallation(dataDir);
    expect(again.authority).toEqual(lost.authority);
    expect(again.signer).toEqual(lost.signer);
    expect(again.busSeeds).toEqual(lost.busSeeds);
    const [before, now] = [lost, again].map(({ identity }) => readCertificate(identity.certificatePem));
    expect(now).toMatchObject({ keyId: before?.keyId, name: before?.name });
    expect(now?.serial).not.toBe(before?.serial);
    expect(await readFile(again.files.secretKey)).toEqual(await readFile(lost.files.secretKey));
    expect((await stat(again.files.caKey)).mode & 0o777).toBe(0o600);
    const nats = await readFile(made.natsConfigurationFile, "utf8");
    expect(nats).toContain(`cert_file: "${again.files.nats.certificate}"`);
    expect(nats).toContain('listen: "0.0.0.0:4222"');
    expect(nats).not.toContain(join(home, "lost"));
    const yaml = await readFile(made.controllerConfigFile, "utf8");
    expect(yaml).toBe(`dataDir: ${dataDir}\nrpc:\n  listen:\n    - 0.0.0.0:7400\ntimeZone: Europe/Berlin\n`);
    expect((await readdir(dataDir)).sort()).toEqual(["controller.db", "controller.yaml", "identity"]);
  });

  it("starts nothing: jobs are disabled, sessions are to be cancelled, invitations are void", async () => {
    expect(made).toMatchObject({ disabledJobs: ["nightly"], cancelledSessions: 1 });
    await using database = await openDatabase(join(made.dataDir, "controller.db"), systemClock);
    expect((await listJobs(database.queries)).map(({ enabled }) => enabled)).toEqual([false]);
    expect(await findSession(database.queries, "s1")).toMatchObject({ wish: "cancel", state: "running" });
    const [invitation] = await database.queries.selectFrom("invitations").selectAll().execute();
    expect(invitation?.expires_ms).toBeLessThanOrEqual(systemClock.nowMs());
  });

  it("believes no user's token of before, and one new administrator's", async () => {
    const installation = await openInstallation(made.dataDir);
    await using database = await openDatabase(join(made.dataDir, "controller.db"), systemClock);
    const { users } = await openIdentity({ installation, database, clock: systemClock, random: systemRandom });
    const token = (await readFile(made.adminTokenFile, "utf8")).trim();
    expect(await users.check(`Bearer ${token}`)).toMatchObject({ role: "admin" });
    const former = (await readFile(lost.files.adminToken, "utf8")).trim();
    await expect(users.check(`Bearer ${former}`)).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    const believed = (await listUserTokens(database.queries)).filter(({ revokedMs }) => revokedMs === null);
    expect(believed.map(({ tokenId }) => tokenId)).toEqual([parseUserToken(token).tokenId]);
  });

  it("keeps what was revoked before the backup, under a number that no member has seen", async () => {
    const { files, identity } = await openInstallation(made.dataDir);
    const bundle = openTrustBundle((await readFile(files.trust, "utf8")).trim(), identity.caPem);
    expect(bundle.number).toBe(made.trust.now);
    expect(bundle.number).toBeGreaterThan(lastNumber);
    expect(bundle.revoked.map(({ keyId }) => keyId)).toEqual(["k-a"]);
    expect(Object.keys((await openLedger(files.members)).busRevoked)).toEqual(["UA"]);
  });

  it("is refused in a folder with something in it, which stays as it was; what a cut recovery left is no obstacle, and other addresses are taken", async () => {
    const dataDir = join(folder, "controller");
    await mkdir(dataDir);
    await writeFile(join(dataDir, "mine"), "mine");
    await expect(recover()).rejects.toMatchObject({ code: "TARGET_NOT_EMPTY" });
    expect(await readdir(dataDir)).toEqual(["mine"]);
    await rm(join(dataDir, "mine"));
    await mkdir(join(dataDir, ".recovering-abc"));
    await writeFile(join(dataDir, ".recovering-abc", "half"), "half");
    const places = {
      controllers: ["new:7400"],
      busServers: ["tls://new:4222"],
      busListen: "127.0.0.1:4333",
      listen: "127.0.0.1:7999",
      repositoriesAt: new Map([["main", "127.0.0.1:7999"]]),
    };
    await expect(recover({ repositoriesAt: new Map([["other", "x"]]) })).rejects.toMatchObject({ code: "NOT_FOUND" });
    const moved = await recover(places);
    expect(moved.repositories).toMatchObject([{ name: "main", address: "127.0.0.1:7999" }]);
    expect(await readdir(dataDir)).not.toContain(".recovering-abc");
    expect(moved).toMatchObject({ controllers: ["new:7400"], busServers: ["tls://new:4222"] });
    expect(await readFile(moved.natsConfigurationFile, "utf8")).toContain('listen: "127.0.0.1:4333"');
    expect(await readFile(moved.controllerConfigFile, "utf8")).toContain("127.0.0.1:7999");
  });

  it("is refused with another key, or when a byte was changed, and leaves nothing", async () => {
    const other = makeRecoveryKey().privateKey;
    await expect(recover({ recoveryKey: other })).rejects.toMatchObject({ code: "RECOVERY_KEY_WRONG" });
    const changed = Uint8Array.from(configuration);
    changed[100] = (changed[100] ?? 0) ^ 1;
    await expect(recover({ configuration: changed })).rejects.toMatchObject({ code: "CONFIGURATION_DAMAGED" });
    await expect(recover({ configuration: changed.subarray(0, 20) })).rejects.toMatchObject({
      code: "CONFIGURATION_DAMAGED",
    });
    await expect(stat(join(folder, "controller"))).rejects.toMatchObject({ code: "ENOENT" });
  });
});
