import { newRepositoryId } from "@holdfast/shared/format/repository-id";
import { keyCheckOf } from "@holdfast/shared/format/repository-keys";
import { systemRandom } from "@holdfast/shared/ids/ids";
import { expect, test } from "vitest";
import type { HeldKeys } from "../repositories/keys/keyring.ts";
import { keyFinding } from "./key-finding.ts";

const master = new Uint8Array(32).fill(7);
const keyCheck = keyCheckOf(master);

const heldOf = (bytes: Uint8Array, listNumber: number): Pick<HeldKeys, "master" | "record"> => {
  const repositoryId = newRepositoryId(systemRandom);
  const record = { repositoryId, masterSealed: "", listNumber, activeKeyId: "", keyIds: [], changedMs: 0 };
  return { master: { repositoryId, master: bytes }, record };
};

test("nothing is said of what is not encrypted, unless a key of it is kept", () => {
  const plain = { keyCheck: "", keyListNumber: 0 };
  expect(keyFinding("main", plain, undefined)).toBeUndefined();
  expect(keyFinding("main", plain, heldOf(master, 1))).toMatchObject({
    state: "error",
    advice: expect.stringContaining("another repository in its place"),
  });
});

test("a key that is missing or wrong is an error that says which command gives it", () => {
  const encrypted = { keyCheck, keyListNumber: 2 };
  for (const held of [undefined, heldOf(new Uint8Array(32).fill(8), 2)])
    expect(keyFinding("main", encrypted, held)).toMatchObject({
      kind: "key",
      state: "error",
      advice: expect.stringContaining("holdfast repository key unlock main"),
    });
  expect(keyFinding("main", encrypted, heldOf(master, 1))).toMatchObject({ state: "ok", advice: "" });
});

test("a log of keys that went back is told", () => {
  const found = keyFinding("main", { keyCheck, keyListNumber: 2 }, heldOf(master, 3));
  expect(found).toMatchObject({ state: "error", message: expect.stringContaining("number 2") });
});
