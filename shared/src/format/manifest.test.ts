import * as fc from "fast-check";
import { expect, test } from "vitest";
import { HoldfastError } from "../errors/holdfast-error.ts";
import { sha256 } from "./content-id.ts";
import { decodeManifest, encodeManifest, largestManifestBytes } from "./manifest.ts";
import { goldenManifest } from "./testing/golden-samples.ts";

const codeOf = (work: () => unknown): string => {
  try {
    work();
    return "none";
  } catch (caught) {
    return caught instanceof HoldfastError ? caught.code : String(caught);
  }
};

const good = encodeManifest(goldenManifest);

/** The golden manifest with something replaced and its checksum made right again. */
const forged = (change: (bytes: Buffer) => void): Uint8Array => {
  const bytes = Buffer.from(good);
  change(bytes);
  const end = 64 + bytes.readUInt32LE(8) + bytes.readUInt32LE(12);
  bytes.set(sha256(bytes.subarray(0, end)), end);
  return bytes;
};

test("one flipped bit anywhere in a manifest is never read as a manifest", () => {
  fc.assert(
    fc.property(fc.nat(good.byteLength * 8 - 1), (bit) => {
      const flipped = Uint8Array.from(good);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(["REPOSITORY_DAMAGED", "SCHEMA_TOO_NEW", "FEATURE_UNSUPPORTED"]).toContain(
        codeOf(() => decodeManifest(flipped)),
      );
    }),
  );
});

test("a manifest that is cut short or followed by other bytes is damaged", () => {
  for (const length of [0, 50, 70, good.byteLength - 1]) {
    expect(codeOf(() => decodeManifest(good.subarray(0, length)))).toBe("REPOSITORY_DAMAGED");
  }
  expect(codeOf(() => decodeManifest(new Uint8Array([...good, 0])))).toBe("REPOSITORY_DAMAGED");
});

test("a later version of the envelope or of a part is refused, not guessed", () => {
  expect(codeOf(() => decodeManifest(forged((bytes) => bytes.writeUInt8(2, 4))))).toBe("SCHEMA_TOO_NEW");
  const newerPart = forged((bytes) => bytes.write('{"schema":2', 64, "utf8"));
  expect(codeOf(() => decodeManifest(newerPart))).toBe("SCHEMA_TOO_NEW");
});

test("encryption, signatures and unknown flags are refused with their code", () => {
  for (const offset of [5, 6, 7, 32, 40]) {
    expect(codeOf(() => decodeManifest(forged((bytes) => bytes.writeUInt8(2, offset))))).toBe("FEATURE_UNSUPPORTED");
  }
  const signed = Buffer.from(good);
  signed.writeUInt32LE(64, signed.byteLength - 4);
  expect(codeOf(() => decodeManifest(signed))).toBe("FEATURE_UNSUPPORTED");
});

test("a part that its schema does not know is damage when read and refused when written", () => {
  const clear = { ...goldenManifest.clear, calendarDay: "yesterday" };
  expect(codeOf(() => encodeManifest({ ...goldenManifest, clear }))).toBe("INVALID_ARGUMENT");
  const renamed = forged((bytes) => bytes.write('{"schema":1,"attemqt"', 64, "utf8"));
  expect(codeOf(() => decodeManifest(renamed))).toBe("REPOSITORY_DAMAGED");
});

test("a manifest that is too large is refused before anyone stores it", () => {
  const sealed = { ...goldenManifest.sealed, ovf: "x".repeat(largestManifestBytes) };
  expect(codeOf(() => encodeManifest({ ...goldenManifest, sealed }))).toBe("INVALID_ARGUMENT");
});
