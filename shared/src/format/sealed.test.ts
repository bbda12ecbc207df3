import * as fc from "fast-check";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { HoldfastError } from "../errors/holdfast-error.ts";
import { chunkIdOf } from "./chunk-id.ts";
import { chunkSizes } from "./chunk-size.ts";
import { fromHex, toHex } from "./content-id.ts";
import { decodeManifest, decodeStoredManifest, encodeManifest } from "./manifest.ts";
import { openChecked, parseRecord } from "./record.ts";
import { recordHeaderSize } from "./record-header.ts";
import { sha256 } from "./content-id.ts";
import { hmacSha256, deriveKeys } from "./repository-keys.ts";
import { counting, goldenManifest } from "./testing/golden-samples.ts";
import { goldenKeyIds, goldenMaster, makeSealedVectors } from "./testing/sealed-samples.ts";

// Modules are shared with the tests that this process ran before and runs after.
vi.hoisted(() => vi.resetModules());
afterAll(() => {
  vi.resetModules();
});

// The kernel's bytes are the same each time here, and nowhere else.
vi.mock("../ids/kernel-random.ts", async () => {
  const { counting } = await import("./testing/golden-samples.ts");
  return { kernelRandom: counting };
});

const keys = deriveKeys(goldenMaster, goldenKeyIds);
const [chunkSize] = chunkSizes;

const codeOf = (work: () => unknown): string => {
  try {
    work();
    return "none";
  } catch (caught) {
    return caught instanceof HoldfastError ? caught.code : String(caught);
  }
};

const golden = async (): Promise<Readonly<Record<string, string>>> =>
  JSON.parse(await readFile(join(import.meta.dirname, "golden/sealed.json"), "utf8")) as Record<string, string>;

const record = async (name: "chunkRecord" | "pageRecord"): Promise<Uint8Array> => fromHex((await golden())[name] ?? "");

test("everything of an encrypted repository is written byte for byte as in the golden vectors", async () => {
  expect(await makeSealedVectors()).toEqual(await golden());
});

test("golden records of an encrypted repository open with their keys, and with no others", async () => {
  const chunk = parseRecord(await record("chunkRecord"));
  expect(chunk.header).toMatchObject({ idHash: "hmac", seal: { keyId: goldenKeyIds.activeKeyId } });
  expect(toHex(openChecked(chunk, chunkSize, keys.opening))).toBe(toHex(counting(1000)));
  expect(codeOf(() => openChecked(chunk, chunkSize))).toBe("KEY_MISSING");
  const former = { ...keys.opening, contentKeys: new Map([...keys.opening.contentKeys].slice(0, 1)) };
  expect(codeOf(() => openChecked(chunk, chunkSize, former))).toBe("KEY_MISSING");
  const wrong = { ...keys.opening, contentKeys: new Map([[goldenKeyIds.activeKeyId, counting(32)]]) };
  expect(codeOf(() => openChecked(chunk, chunkSize, wrong))).toBe("CHUNK_DAMAGED");
  const page = parseRecord(await record("pageRecord"));
  expect(page.header).toMatchObject({ idHash: "hmac", seal: undefined });
  expect(openChecked(page, chunkSize, keys.opening).byteLength).toBe(8 + 5 * 32);
  expect(codeOf(() => openChecked(page, chunkSize, { ...keys.opening, idKey: counting(32) }))).toBe("CHUNK_DAMAGED");
});

/** A record with something changed, and its checksums made right again, as who has no key could do. */
const forged = (bytes: Uint8Array, change: (bytes: Buffer) => void): Uint8Array => {
  const changed = Buffer.from(bytes);
  change(changed);
  changed.set(sha256(changed.subarray(recordHeaderSize)), 100);
  changed.set(sha256(changed.subarray(0, 132)).subarray(0, 12), 132);
  return changed;
};

test("no bit of a sealed record can be changed, not even by who makes its checksums right again", async () => {
  const bytes = await record("chunkRecord");
  fc.assert(
    fc.property(fc.nat(bytes.byteLength * 8 - 1), fc.boolean(), (bit, repaired) => {
      const flip = (target: Uint8Array): void => {
        target[bit >> 3] = (target[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      };
      const flipped = repaired ? forged(bytes, flip) : Uint8Array.from(bytes);
      if (!repaired) flip(flipped);
      // The hash and the checksum themselves are what was made right again.
      const isRepairedAway = repaired && bit >> 3 >= 100 && bit >> 3 < recordHeaderSize;
      const allowed = isRepairedAway
        ? ["none"]
        : repaired
          ? ["CHUNK_DAMAGED", "KEY_MISSING", "SCHEMA_TOO_NEW", "FEATURE_UNSUPPORTED"]
          : ["CHUNK_DAMAGED"];
      expect(allowed).toContain(codeOf(() => openChecked(parseRecord(flipped), chunkSize, keys.opening)));
    }),
    { numRuns: 600 },
  );
});

test("each field of a sealed record's header that a key covers gives its own error", async () => {
  const bytes = await record("chunkRecord");
  const codeAt = (offset: number, value: number): string => {
    const changed = forged(bytes, (all) => all.writeUInt8(value, offset));
    return codeOf(() => openChecked(parseRecord(changed), chunkSize, keys.opening));
  };
  expect(codeAt(4, 2)).toBe("SCHEMA_TOO_NEW");
  expect(codeAt(5, 2)).toBe("FEATURE_UNSUPPORTED");
  expect(codeAt(6, 1)).toBe("FEATURE_UNSUPPORTED");
  expect(codeAt(7, 1)).toBe("CHUNK_DAMAGED");
  expect(codeAt(12, 1)).toBe("CHUNK_DAMAGED");
  expect(codeAt(20, 9)).toBe("CHUNK_DAMAGED");
  expect(codeAt(36, 9)).toBe("KEY_MISSING");
  expect(codeAt(44, 9)).toBe("CHUNK_DAMAGED");
  expect(codeAt(76, 9)).toBe("CHUNK_DAMAGED");
  expect(codeAt(99, 9)).toBe("CHUNK_DAMAGED");
  expect(codeAt(recordHeaderSize, 0)).toBe("CHUNK_DAMAGED");
});

test("a record without a seal is refused where everything is sealed", async () => {
  const vectors: unknown = JSON.parse(await readFile(join(import.meta.dirname, "golden/vectors.json"), "utf8"));
  const plain = Buffer.concat([fromHex((vectors as { recordHeader: string }).recordHeader), counting(1000)]);
  expect(openChecked(parseRecord(plain), chunkSize).byteLength).toBe(1000);
  expect(codeOf(() => openChecked(parseRecord(plain), chunkSize, keys.opening))).toBe("CHUNK_DAMAGED");
});

test("the golden sealed manifest opens with its key; without, only its clear part is read", async () => {
  const bytes = fromHex((await golden())["manifest"] ?? "");
  expect(decodeManifest(bytes, keys.manifestKeys)).toEqual(goldenManifest);
  expect(decodeStoredManifest(bytes)).toEqual({ ...goldenManifest, sealed: undefined });
  expect(codeOf(() => decodeManifest(bytes))).toBe("KEY_MISSING");
  expect(Buffer.from(bytes).includes("büro-1")).toBe(false);
});

test("no bit of a sealed manifest can be changed, not even by who holds a key and forgot whose point it is", async () => {
  const bytes = fromHex((await golden())["manifest"] ?? "");
  fc.assert(
    fc.property(fc.nat(bytes.byteLength * 8 - 1), (bit) => {
      const flipped = Uint8Array.from(bytes);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(["REPOSITORY_DAMAGED", "KEY_MISSING", "SCHEMA_TOO_NEW", "FEATURE_UNSUPPORTED"]).toContain(
        codeOf(() => decodeManifest(flipped, keys.manifestKeys)),
      );
    }),
    { numRuns: 300 },
  );
  const moved = Buffer.from(bytes);
  const at = moved.indexOf(goldenManifest.clear.attempt.taskId);
  moved.write("9", at, "latin1");
  const end = moved.byteLength - 36;
  moved.set(hmacSha256(keys.sealing.manifestKey, moved.subarray(0, end)), end);
  expect(codeOf(() => decodeManifest(moved, keys.manifestKeys))).toBe("REPOSITORY_DAMAGED");
});

test("ids of an encrypted repository tell nothing without its key, and padding does not change them", () => {
  const { idKey } = keys.sealing;
  const plain = counting(1000);
  expect(toHex(chunkIdOf(plain, chunkSize, idKey))).not.toBe(toHex(chunkIdOf(plain, chunkSize)));
  const padded = new Uint8Array(chunkSize);
  padded.set(plain);
  expect(toHex(chunkIdOf(padded, chunkSize, idKey))).toBe(toHex(chunkIdOf(plain, chunkSize, idKey)));
});

test("a manifest without a seal is refused where everything is sealed: who can write to the store forges none", () => {
  const forged = encodeManifest(goldenManifest);
  expect(decodeManifest(forged)).toEqual(goldenManifest);
  expect(codeOf(() => decodeManifest(forged, keys.manifestKeys))).toBe("REPOSITORY_DAMAGED");
});
