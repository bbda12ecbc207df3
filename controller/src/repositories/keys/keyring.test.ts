import { systemClock } from "@holdfast/shared/clock/clock";
import { toHex } from "@holdfast/shared/format/content-id";
import { encodeManifest } from "@holdfast/shared/format/manifest";
import { newRepositoryId } from "@holdfast/shared/format/repository-id";
import { goldenManifest } from "@holdfast/shared/format/testing/golden-samples";
import { goldenCosts } from "@holdfast/shared/format/testing/sealed-samples";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { systemRandom } from "@holdfast/shared/ids/ids";
import { checkFollows, type KeyList, parseKeyList } from "@holdfast/shared/keys/key-list";
import { keysOf, makeKeys, unlock, withNewKey } from "@holdfast/shared/keys/master-key";
import { memoryLogger } from "@holdfast/shared/logging/memory-logger";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Database, openDatabase } from "../../database/database.ts";
import { createSecretBox } from "../../secrets/secret-box.ts";
import { openKeyring } from "./keyring.ts";

const password = "a long password";
const { signal } = new AbortController();

/** A repository's log of keys, and what it says of itself. */
const openLog = async () => {
  const repositoryId = newRepositoryId(systemRandom);
  const { encryption, keyList } = await makeKeys(repositoryId, password, { random: systemRandom, costs: goldenCosts });
  const proof = { kind: "password", password } as const;
  const master = await unlock({ repositoryId, encryption }, keyList, proof);
  const log: { list: KeyList; highest?: number; damage?: HoldfastError } = { list: keyList };
  const highest = (): number => log.highest ?? log.list.number;
  const described = () => ({ keyCheck: encryption.keyCheck, keyListNumber: highest() });
  const repository = {
    repositoryId,
    name: "safe",
    getKeys: () => (log.damage ? Promise.reject(log.damage) : Promise.resolve(JSON.stringify(log.list))),
    putKeys: (text: string) => {
      const next = parseKeyList(text);
      checkFollows(next, log.list, highest());
      log.list = next;
      delete log.highest;
      delete log.damage;
      return Promise.resolve();
    },
    describe: () => Promise.resolve(described() as never),
  };
  return { repositoryId, encryption, master, log, repository, proof, described };
};

describe("the controller's keys of encrypted repositories", () => {
  let database: Database;
  const key = systemRandom(32);
  const open = (secretKey = key) =>
    openKeyring({
      database,
      secrets: createSecretBox(secretKey),
      clock: systemClock,
      random: systemRandom,
      log: memoryLogger(),
    });
  beforeEach(async () => {
    database = await openDatabase(":memory:", systemClock);
  });
  afterEach(() => database[Symbol.asyncDispose]());

  it("are kept sealed, and there again after a restart", async () => {
    const { repository, encryption, proof, master, log } = await openLog();
    await (await open()).unlock(repository, { keyCheck: encryption.keyCheck, proof }, signal);
    const rows = await database.queries.selectFrom("repository_keys").selectAll().execute();
    expect(JSON.stringify(rows)).not.toContain(toHex(master.master));
    expect(JSON.stringify(rows)).not.toContain(password);
    const again = (await open()).require(repository);
    expect(toHex(again.keys.sealing.contentKey)).toBe(toHex(keysOf(master, log.list).sealing.contentKey));
  });

  it("are missing, and not guessed, without the right password or with another key file", async () => {
    const { repository, encryption, proof } = await openLog();
    const keyring = await open();
    expect(() => keyring.require(repository)).toThrow("not at hand");
    const wrong = { keyCheck: encryption.keyCheck, proof: { kind: "password", password: "another password" } as const };
    await expect(keyring.unlock(repository, wrong, signal)).rejects.toMatchObject({ code: "KEY_WRONG" });
    await keyring.unlock(repository, { keyCheck: encryption.keyCheck, proof }, signal);
    expect((await open(systemRandom(32))).find(repository.repositoryId)).toBeUndefined();
    await keyring.forget(repository.repositoryId);
    expect((await open()).find(repository.repositoryId)).toBeUndefined();
  });

  it("follow the repository's log when someone else made a new key", async () => {
    const { repository, encryption, proof, master, log, described } = await openLog();
    const keyring = await open();
    await keyring.unlock(repository, { keyCheck: encryption.keyCheck, proof }, signal);
    log.list = withNewKey(master, log.list, systemRandom);
    const { sealing } = keysOf(master, log.list);
    const manifest = encodeManifest({ ...goldenManifest, repositoryId: repository.repositoryId }, sealing);
    expect((await keyring.openManifest(repository, manifest, signal)).sealed).toEqual(goldenManifest.sealed);
    await keyring.refresh(repository, described(), signal);
    expect(keyring.require(repository).record.activeKeyId).toBe(sealing.keyId);
  });

  it("change the password and the active key in the repository's log", async () => {
    const { repository, encryption, proof, log, repositoryId } = await openLog();
    const keyring = await open();
    await keyring.unlock(repository, { keyCheck: encryption.keyCheck, proof }, signal);
    const before = log.list.activeKeyId;
    await keyring.rotate(repository, signal);
    expect(log.list.activeKeyId).not.toBe(before);
    await keyring.changePassword(repository, "the next password", signal);
    await expect(unlock({ repositoryId, encryption }, log.list, proof)).rejects.toMatchObject({ code: "KEY_WRONG" });
    await expect(keyring.changePassword(repository, "short", signal)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
  });

  it("refuse a list that a repository made up", async () => {
    const { repository, encryption, proof, log, described } = await openLog();
    const keyring = await open();
    await keyring.unlock(repository, { keyCheck: encryption.keyCheck, proof }, signal);
    const forged: KeyList = { ...log.list, number: 2 };
    log.list = forged;
    await expect(keyring.refresh(repository, described(), signal)).rejects.toMatchObject({
      code: "REPOSITORY_DAMAGED",
    });
    await expect(keyring.rotate(repository, signal)).rejects.toMatchObject({ code: "REPOSITORY_DAMAGED" });
  });

  it("write each change twice, so that one damaged list takes nothing with it", async () => {
    const { repository, encryption, proof, log } = await openLog();
    const keyring = await open();
    await keyring.unlock(repository, { keyCheck: encryption.keyCheck, proof }, signal);
    const put: KeyList[] = [];
    const watched = {
      ...repository,
      putKeys: (text: string) => {
        put.push(parseKeyList(text));
        return repository.putKeys(text);
      },
    };
    await keyring.rotate(watched, signal);
    const [next, twin, ...more] = put;
    expect(more).toEqual([]);
    expect({ ...twin, number: 0, code: "" }).toEqual({ ...next, number: 0, code: "" });
    expect(twin?.number).toBe(3);
    expect(keyring.require(repository).record.listNumber).toBe(log.list.number);
  });

  it("do not go back with a log that was put back, until an operator says that it was", async () => {
    const { repository, encryption, proof, log, described } = await openLog();
    const keyring = await open();
    await keyring.unlock(repository, { keyCheck: encryption.keyCheck, proof }, signal);
    const former = log.list;
    const leaked = former.activeKeyId;
    await keyring.rotate(repository, signal);
    const active = keyring.require(repository).record.activeKeyId;
    log.list = former;
    const refused = { code: "FAILED_PRECONDITION", message: expect.stringContaining("key unlock safe") };
    await expect(keyring.refresh(repository, described(), signal)).rejects.toMatchObject(refused);
    await expect(keyring.rotate(repository, signal)).rejects.toMatchObject(refused);
    expect(keyring.require(repository).record.activeKeyId).toBe(active);
    await keyring.unlock(repository, { keyCheck: encryption.keyCheck, proof }, signal);
    await keyring.refresh(repository, described(), signal);
    expect(keyring.require(repository).record.activeKeyId).toBe(leaked);
  });

  it("do not go back with a log that was put back below a damaged list of a higher number", async () => {
    const { repository, encryption, proof, log, described } = await openLog();
    const keyring = await open();
    await keyring.unlock(repository, { keyCheck: encryption.keyCheck, proof }, signal);
    const former = log.list;
    await keyring.rotate(repository, signal);
    const { activeKeyId, listNumber } = keyring.require(repository).record;
    log.list = former;
    log.highest = listNumber + 5;
    await expect(keyring.refresh(repository, described(), signal)).rejects.toMatchObject({
      code: "FAILED_PRECONDITION",
    });
    expect(keyring.require(repository).record).toMatchObject({ activeKeyId, listNumber });
  });

  it("give a log whose lists are all damaged a new one by a new password, with every key id that is known", async () => {
    const { repository, encryption, proof, log, repositoryId } = await openLog();
    const keyring = await open();
    await keyring.unlock(repository, { keyCheck: encryption.keyCheck, proof }, signal);
    await keyring.rotate(repository, signal);
    const { keyIds, activeKeyId } = keyring.require(repository).record;
    log.damage = new HoldfastError("REPOSITORY_DAMAGED", "no whole list");
    await expect(keyring.rotate(repository, signal)).rejects.toMatchObject({ code: "REPOSITORY_DAMAGED" });
    await keyring.changePassword(repository, "the next password", signal);
    expect(log.list).toMatchObject({ keyIds, activeKeyId });
    const next = { kind: "password", password: "the next password" } as const;
    await unlock({ repositoryId, encryption }, log.list, next);
  });

  it("keep key ids that only a damaged list names", async () => {
    const { repository, encryption, proof, log } = await openLog();
    const keyring = await open();
    await keyring.unlock(repository, { keyCheck: encryption.keyCheck, proof }, signal);
    const former = log.list;
    await keyring.rotate(repository, signal);
    const { keyIds, activeKeyId, listNumber } = keyring.require(repository).record;
    // What is whole is a list of before; what came after it is there, and damaged.
    log.highest = listNumber;
    log.list = former;
    await keyring.changePassword(repository, "the next password", signal);
    expect(log.list).toMatchObject({ number: listNumber + 2, keyIds, activeKeyId });
  });
});
