import type crypto from "node:crypto";
import { afterAll, expect, test, vi } from "vitest";
import { chunkIdOf } from "./chunk-id.ts";
import { chunkSizes } from "./chunk-size.ts";
import { toHex } from "./content-id.ts";
import { encodeManifest } from "./manifest.ts";
import { encodeRecord } from "./record.ts";
import { deriveKeys } from "./repository-keys.ts";
import { counting, goldenManifest, goldenRepository } from "./testing/golden-samples.ts";

// Modules are shared with the tests that this process ran before and runs after.
vi.hoisted(() => vi.resetModules());
afterAll(() => {
  vi.resetModules();
});

// A machine that was cloned with its memory: the generators of the process give the same bytes again and again.
vi.mock("node:crypto", async (original) => {
  const real = await original<typeof crypto>();
  const same = (size: number): Buffer => Buffer.alloc(size, 7);
  return { ...real, default: { ...real, randomBytes: same }, randomBytes: same };
});

const { sealing: keys } = deriveKeys(counting(32), { activeKeyId: "0102030405060708", keyIds: ["0102030405060708"] });
const [chunkSize] = chunkSizes;

test("a process whose own randomness repeats still never seals twice under one nonce", async () => {
  const { systemRandom } = await import("../ids/ids.ts");
  expect(toHex(systemRandom(4))).toBe("07070707");
  const nonces = new Set<string>();
  const bytes = new Set<string>();
  const plain = counting(100);
  const id = chunkIdOf(plain, chunkSize, keys.idKey);
  for (let clone = 0; clone < 2000; clone += 1) {
    const source = { repositoryId: goldenRepository, kind: "chunk", id, plain, compression: "lz4", keys } as const;
    const { header, stored } = encodeRecord(source);
    nonces.add(toHex(header.subarray(76, 100)));
    bytes.add(toHex(stored));
  }
  expect(nonces.size).toBe(2000);
  expect(bytes.size).toBe(2000);
  expect(toHex(encodeManifest(goldenManifest, keys))).not.toBe(toHex(encodeManifest(goldenManifest, keys)));
});
