import { cp, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Configuration } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { systemClock } from "@holdfast/shared/clock/clock";
import { unpackConfiguration } from "@holdfast/shared/configuration/configuration-content";
import { decodeConfiguration } from "@holdfast/shared/configuration/configuration-object";
import { openConfiguration } from "@holdfast/shared/configuration/seal-configuration";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { makeInstallation } from "@holdfast/shared/installation/make-installation";
import { identityFolderOf, installationFiles } from "@holdfast/shared/installation/installation-files";
import { memoryLogger } from "@holdfast/shared/logging/memory-logger";
import { makeRecoveryKey, readRecoveryKey } from "@holdfast/shared/recovery/recovery-key";
import { systemRandom } from "@holdfast/shared/ids/ids";
import SqliteFile from "better-sqlite3";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Database, openDatabase } from "../database/database.ts";
import { saveRepository } from "../database/repositories-table.ts";
import { writeSetting } from "../database/settings-table.ts";
import type { RepositoryConnection } from "../repositories/repository-connection.ts";
import { ConfigurationKeeper, type KeeperDeps } from "./configuration-keeper.ts";

const { signal } = new AbortController();
const idOf = (digit: string): string => `0000000${digit}-0000-4000-8000-000000000000`;

/** A repository of which only this is asked. */
const fakeRepository = (digit: string) => {
  const kept = new Map<number, Uint8Array>();
  let isReachable = true;
  const answer = <T>(value: () => T): Promise<T> =>
    isReachable ? Promise.resolve(value()) : Promise.reject(new HoldfastError("REPOSITORY_UNREACHABLE", "it is off"));
  const connection: Partial<RepositoryConnection> = {
    repositoryId: idOf(digit),
    name: `r${digit}`,
    listConfigurations: () =>
      answer(() => [...kept.keys()].map((number) => ({ installationId: "inst", number }) as Configuration)),
    putConfiguration: (number, bytes) => answer(() => void kept.set(number, bytes)),
  };
  return {
    connection: connection as RepositoryConnection,
    kept,
    reach: (reachable: boolean) => {
      isReachable = reachable;
    },
  };
};

describe("backups of the installation", () => {
  /** Made once: making keys takes time. */
  let home = "";
  let dataDir = "";
  let database: Database;
  let key: Uint8Array;
  const log = memoryLogger();
  const [one, two] = [fakeRepository("1"), fakeRepository("2")];
  const open = (parts: Partial<KeeperDeps> = {}): ConfigurationKeeper =>
    new ConfigurationKeeper({
      database,
      dataDir,
      keyFile: undefined,
      installationId: "inst",
      recoveryFile: installationFiles(identityFolderOf(dataDir)).recovery,
      repositories: () => [one.connection, two.connection],
      trustNumber: () => 1,
      timeZone: "UTC",
      settleMs: 0,
      clock: systemClock,
      log,
      ...parts,
    });
  const contentOf = async (bytes: Uint8Array | undefined, recoveryKey = key) =>
    await unpackConfiguration(openConfiguration(decodeConfiguration(bytes ?? new Uint8Array()), recoveryKey));

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), "hf-keep-"));
    const { recoveryKit } = await makeInstallation({
      dataDir: home,
      controllers: [],
      busListen: "127.0.0.1:-1",
      busServers: [],
      installationId: "inst",
      clock: systemClock,
      random: systemRandom,
    });
    key = readRecoveryKey(recoveryKit.recoveryKey);
  });
  afterAll(() => rm(home, { recursive: true }));
  beforeEach(async () => {
    for (const { kept, reach } of [one, two]) {
      kept.clear();
      reach(true);
    }
    dataDir = await mkdtemp(join(tmpdir(), "hf-keep-"));
    await cp(home, dataDir, { recursive: true });
    database = await openDatabase(join(dataDir, "controller.db"), systemClock);
    await writeFile(join(dataDir, "controller.yaml"), "dataDir: x\n");
  });
  afterEach(async () => {
    await database[Symbol.asyncDispose]();
    await rm(dataDir, { recursive: true });
  });

  it("hold everything that makes the controller, in every repository, and leave nothing in its folder", async () => {
    await saveRepository(database.queries, { repositoryId: idOf("1"), name: "r1", address: "a", createdMs: 1 });
    await open().writeDue(signal);
    const { files, kit, installationId } = await contentOf(one.kept.get(1));
    expect({ kit, installationId }).toEqual({ kit: 1, installationId: "inst" });
    expect(files.map(({ path }) => path)).toEqual([
      "controller.db",
      "controller.yaml",
      ...["bus-seeds.json", "bus.jwt", "bus.seed", "ca.key", "ca.pem", "certificate.pem", "first-admin.json"].map(
        inIdentity,
      ),
      ...["identity.json", "key.pem", "nats/bus.key", "nats/bus.pem", "nats/ca.pem", "nats/nats.conf"].map(inIdentity),
      ...["recovery.json", "secret.key", "system.jwt", "system.seed", "task-token.key", "trust.json"].map(inIdentity),
    ]);
    const path = join(dataDir, "looked-at.db");
    await writeFile(path, files[0]?.content ?? "");
    const copy = new SqliteFile(path);
    expect(copy.prepare("SELECT name FROM repositories").all()).toEqual([{ name: "r1" }]);
    copy.close();
    expect(two.kept.size).toBe(1);
    expect((await readdir(dataDir)).filter((name) => name.startsWith("."))).toEqual([]);
  });

  it("are written again when a definition changes, and not when a session runs or nothing happens", async () => {
    const keeper = open();
    await keeper.writeDue(signal);
    await keeper.writeDue(signal);
    await writeSetting(database.queries, "something", "else");
    await open().writeDue(signal);
    expect(one.kept.size).toBe(1);
    await saveRepository(database.queries, { repositoryId: idOf("3"), name: "r3", address: "a", createdMs: 1 });
    await open().writeDue(signal);
    expect([...one.kept.keys()]).toEqual([1, 2]);
    await open({ trustNumber: () => 2 }).writeDue(signal);
    expect([...one.kept.keys()]).toEqual([1, 2, 3]);
  });

  it("wait until definitions are at rest, but not longer than half a minute", async () => {
    let nowMs = 0;
    const keeper = open({ settleMs: 5_000, clock: { ...systemClock, monotonicMs: () => nowMs } });
    await keeper.writeDue(signal);
    expect(one.kept.size).toBe(1);
    const change = async (atMs: number): Promise<void> => {
      nowMs = atMs;
      await saveRepository(database.queries, {
        repositoryId: idOf("3"),
        name: `at ${atMs}`,
        address: "a",
        createdMs: 1,
      });
      await keeper.writeDue(signal);
    };
    nowMs = 50_000;
    await keeper.writeDue(signal);
    expect(one.kept.size).toBe(1);
    await change(100_000);
    expect((await keeper.standings()).map(({ isCurrent }) => isCurrent)).toEqual([false, false]);
    nowMs = 105_000;
    await keeper.writeDue(signal);
    expect(one.kept.size).toBe(2);
    expect((await keeper.standings()).map(({ isCurrent }) => isCurrent)).toEqual([true, true]);
    nowMs = 150_000;
    await keeper.writeDue(signal);
    for (let atMs = 200_000; atMs < 230_000; atMs += 4_000) await change(atMs);
    expect(one.kept.size).toBe(2);
    await change(230_000);
    expect(one.kept.size).toBe(3);
  });

  it("reach one repository while another is out of reach, which gets its own when it is back", async () => {
    one.reach(false);
    const keeper = open();
    await keeper.writeDue(signal);
    expect([one.kept.size, two.kept.size]).toEqual([0, 1]);
    expect(await keeper.standings()).toMatchObject([
      { name: "r1", kept: undefined, problem: { code: "REPOSITORY_UNREACHABLE" } },
      { name: "r2", kept: { number: 1 }, problem: undefined },
    ]);
    one.reach(true);
    await keeper.writeDue(signal);
    expect([one.kept.size, two.kept.size]).toEqual([1, 1]);
    expect((await keeper.standings())[0]).toMatchObject({ kept: { number: 1 }, problem: undefined });
  });

  it("go on from the highest number that lies there, whatever the database remembers", async () => {
    one.kept.set(41, new Uint8Array());
    await open().writeDue(signal);
    expect([...one.kept.keys()]).toEqual([41, 42]);
  });

  it("are sealed to a new kit from its making on, and to none before there is one", async () => {
    const keeper = open();
    await keeper.writeDue(signal);
    const later = makeRecoveryKey();
    expect(await keeper.setRecoveryKey(later.publicKey)).toMatchObject({ kit: 2 });
    await keeper.writeDue(signal);
    await expect(contentOf(one.kept.get(2))).rejects.toMatchObject({ code: "RECOVERY_KEY_WRONG" });
    expect(await contentOf(one.kept.get(2), later.privateKey)).toMatchObject({ kit: 2 });

    await rm(installationFiles(identityFolderOf(dataDir)).recovery);
    await saveRepository(database.queries, { repositoryId: idOf("4"), name: "r4", address: "a", createdMs: 1 });
    await keeper.writeDue(signal);
    expect(one.kept.size).toBe(2);
  });

  it("have the key of stored passwords also when it lies elsewhere", async () => {
    const keyFile = join(dataDir, "elsewhere");
    await writeFile(keyFile, "another key\n", { mode: 0o600 });
    await open({ keyFile }).writeDue(signal);
    const { files } = await contentOf(one.kept.get(1));
    const kept = files.filter(({ path }) => path === "identity/secret.key");
    expect(kept.map(({ content }) => Buffer.from(content).toString())).toEqual(["another key\n"]);
  });

  it("copy a database amid a transaction as it was before it", async () => {
    const to = join(dataDir, "copy.db");
    await database.inTransaction(async (queries) => {
      await writeSetting(queries, "half", "done");
      await database.copyTo(to);
    });
    expect((await stat(to)).mode & 0o777).toBe(0o600);
    const copy = new SqliteFile(to, { readonly: true });
    expect(copy.prepare("SELECT * FROM settings WHERE name = 'half'").all()).toEqual([]);
    copy.close();
    await expect(database.copyTo(to)).rejects.toMatchObject({ code: "IO_FAILED" });
  });
});

const inIdentity = (name: string): string => `identity/${name}`;
