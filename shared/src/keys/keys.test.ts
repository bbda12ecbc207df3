import * as fc from "fast-check";
import { expect, test } from "vitest";
import { HoldfastError } from "../errors/holdfast-error.ts";
import { equalBytes, toHex } from "../format/content-id.ts";
import { newRepositoryId } from "../format/repository-id.ts";
import { systemRandom } from "../ids/ids.ts";
import { goldenCosts } from "../format/testing/sealed-samples.ts";
import { checkFollows, type KeyList, parseKeyList } from "./key-list.ts";
import { keysOf, makeKeys, unlock, withNewKey, withPassword, withRecoveryKey } from "./master-key.ts";
import { formatRecoveryKey, parseRecoveryKey } from "./recovery-key.ts";

const making = { random: systemRandom, costs: goldenCosts };
const password = "a long password";

const made = async () => {
  const repositoryId = newRepositoryId(systemRandom);
  const { encryption, keyList, recoveryKey } = await makeKeys(repositoryId, password, making);
  return { repository: { repositoryId, encryption }, keyList, recoveryKey };
};

const codeOf = async (work: () => unknown): Promise<string> => {
  try {
    await work();
    return "none";
  } catch (caught) {
    return caught instanceof HoldfastError ? caught.code : String(caught);
  }
};

const byPassword = (text: string) => ({ kind: "password", password: text }) as const;

test("a password and the recovery key open the same master key; anything else is told to be wrong", async () => {
  const { repository, keyList, recoveryKey } = await made();
  const { master } = await unlock(repository, keyList, byPassword(password));
  const recovered = await unlock(repository, keyList, { kind: "recovery", recoveryKey });
  expect(equalBytes(master, recovered.master)).toBe(true);
  expect(await codeOf(() => unlock(repository, keyList, byPassword("another password")))).toBe("KEY_WRONG");
  const other = { kind: "recovery", recoveryKey: systemRandom(32) } as const;
  expect(await codeOf(() => unlock(repository, keyList, other))).toBe("KEY_WRONG");
  const elsewhere = { ...repository, repositoryId: newRepositoryId(systemRandom) };
  expect(await codeOf(() => unlock(elsewhere, keyList, byPassword(password)))).toBe("KEY_WRONG");
});

test("letters that a keyboard composes otherwise are the same password, and one that is too short is none", async () => {
  const repositoryId = newRepositoryId(systemRandom);
  const { encryption, keyList } = await makeKeys(repositoryId, "Schlüssel-1", making);
  expect(await codeOf(() => unlock({ repositoryId, encryption }, keyList, byPassword("Schlu\u0308ssel-1")))).toBe(
    "none",
  );
  expect(await codeOf(() => makeKeys(repositoryId, "short", making))).toBe("INVALID_ARGUMENT");
});

test("a change of the password keeps the master key and the recovery key, and ends the former password", async () => {
  const { repository, keyList, recoveryKey } = await made();
  const what = await unlock(repository, keyList, byPassword(password));
  const changed = await withPassword(what, keyList, { ...making, password: "the next password" });
  checkFollows(changed, keyList, keyList.number);
  expect(await codeOf(() => unlock(repository, changed, byPassword(password)))).toBe("KEY_WRONG");
  for (const proof of [byPassword("the next password"), { kind: "recovery", recoveryKey } as const]) {
    expect(toHex((await unlock(repository, changed, proof)).master)).toBe(toHex(what.master));
  }
});

test("one more recovery key opens like the first", async () => {
  const { repository, keyList, recoveryKey } = await made();
  const what = await unlock(repository, keyList, byPassword(password));
  const added = withRecoveryKey(what, keyList, systemRandom);
  for (const key of [recoveryKey, added.recoveryKey]) {
    const proof = { kind: "recovery", recoveryKey: key } as const;
    expect(await codeOf(() => unlock(repository, added.keyList, proof))).toBe("none");
  }
});

test("a new key seals what comes, opens what was, and leaves ids as they are", async () => {
  const { repository, keyList } = await made();
  const what = await unlock(repository, keyList, byPassword(password));
  const before = keysOf(what, keyList);
  const rotated = withNewKey(what, keyList, systemRandom);
  checkFollows(rotated, keyList, keyList.number);
  const after = keysOf(what, rotated);
  expect(toHex(after.sealing.idKey)).toBe(toHex(before.sealing.idKey));
  expect(after.sealing.keyId).not.toBe(before.sealing.keyId);
  expect(toHex(after.sealing.contentKey)).not.toBe(toHex(before.sealing.contentKey));
  expect([...after.opening.contentKeys.keys()]).toEqual([before.sealing.keyId, after.sealing.keyId]);
});

test("a list of keys that nobody with the master key made is refused: a leaked key cannot be brought back", async () => {
  const { repository, keyList } = await made();
  const what = await unlock(repository, keyList, byPassword(password));
  const rotated = withNewKey(what, keyList, systemRandom);
  const forged: KeyList = { ...rotated, activeKeyId: keyList.activeKeyId };
  expect(await codeOf(() => unlock(repository, forged, byPassword(password)))).toBe("REPOSITORY_DAMAGED");
  expect(await codeOf(() => keysOf(what, forged))).toBe("REPOSITORY_DAMAGED");
  const shorter: KeyList = { ...keyList, number: 3 };
  expect(await codeOf(() => checkFollows(shorter, rotated, rotated.number))).toBe("FAILED_PRECONDITION");
  expect(await codeOf(() => checkFollows(rotated, rotated, rotated.number))).toBe("FAILED_PRECONDITION");
});

test("a list of keys with costs that would take a machine down is none", async () => {
  const { keyList } = await made();
  const [wrap] = keyList.wraps;
  const greedy = { ...keyList, wraps: [{ ...wrap, N: 2 ** 22, r: 32 }] };
  expect(await codeOf(() => parseKeyList(JSON.stringify(greedy)))).toBe("INVALID_ARGUMENT");
  expect(parseKeyList(JSON.stringify(keyList))).toEqual(keyList);
});

test("a recovery key survives being written down, and a slip of the pen is noticed", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.nat(55), (key, at) => {
      const text = formatRecoveryKey(key);
      expect(text).toMatch(/^(?:[0-9A-HJKMNP-TV-Z]{4}-){13}[0-9A-HJKMNP-TV-Z]{4}$/);
      expect(toHex(parseRecoveryKey(` ${text.toLowerCase().replaceAll("0", "o").replaceAll("1", "l")}\n`))).toBe(
        toHex(key),
      );
      const plain = text.replaceAll("-", "");
      const slip = `${plain.slice(0, at)}${plain[at] === "A" ? "B" : "A"}${plain.slice(at + 1)}`;
      expect(() => parseRecoveryKey(slip)).toThrow("mistyped");
    }),
  );
});
