import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { HoldfastError } from "../errors/holdfast-error.ts";
import { fromHex, toHex } from "../format/content-id.ts";
import { counting, goldenRepository } from "../format/testing/golden-samples.ts";
import { makeRecoveryKey, publicHalfOf, writeRecoveryKey } from "../recovery/recovery-key.ts";
import { packConfiguration, unpackConfiguration } from "./configuration-content.ts";
import { configurationName, parseConfigurationName } from "./configuration-name.ts";
import { decodeConfiguration, decodeConfigurationHeader } from "./configuration-object.ts";
import { openConfiguration, sealConfiguration } from "./seal-configuration.ts";

const recoveryKey = counting(64).subarray(0, 32);
const ephemeralKey = counting(96).subarray(64);
const publicKey = publicHalfOf(recoveryKey);
const plain = Buffer.from("what an installation is made from again");
const seal = (): Uint8Array =>
  sealConfiguration(plain, {
    repositoryId: goldenRepository,
    number: 7,
    createdMs: 1_767_225_600_000,
    publicKey,
    ephemeral: { privateKey: ephemeralKey, publicKey: publicHalfOf(ephemeralKey) },
  });

describe("a sealed configuration", () => {
  it("is written byte for byte as in the golden vector, and so is its key in text", async () => {
    const golden: unknown = JSON.parse(await readFile(join(import.meta.dirname, "golden/vectors.json"), "utf8"));
    expect({ recoveryKey: writeRecoveryKey(recoveryKey), configuration: toHex(seal()) }).toEqual(golden);
  });

  it("opens with the recovery key, and names what it is without it", () => {
    const sealed = decodeConfiguration(seal());
    expect(sealed.header).toMatchObject({ repositoryId: goldenRepository, number: 7, createdMs: 1_767_225_600_000 });
    expect(Buffer.from(openConfiguration(sealed, recoveryKey))).toEqual(plain);
  });

  it("does not open with another key, and says which one it wants", () => {
    const other = makeRecoveryKey();
    expect(() => openConfiguration(decodeConfiguration(seal()), other.privateKey)).toThrow(
      expect.objectContaining({ code: "RECOVERY_KEY_WRONG" }),
    );
    expect(() => openConfiguration(decodeConfiguration(seal()), other.privateKey)).toThrow(
      `sealed to recovery key ${toHex(decodeConfigurationHeader(seal()).keyId)}`,
    );
  });

  it("of which any byte was changed is refused, also when its checksum was made right", () => {
    const whole = seal();
    for (let at = 0; at < whole.byteLength; at += 1) {
      const changed = Uint8Array.from(whole);
      changed[at] = (changed[at] ?? 0) ^ 0x20;
      expect(() => decodeConfiguration(changed)).toThrow(HoldfastError);
      const { header, headerBytes } = decodeConfiguration(whole);
      if (at >= 48 && at < 48 + header.sealedLength) {
        const tampered = { header, headerBytes, sealed: changed.subarray(48, 48 + header.sealedLength) };
        expect(() => openConfiguration(tampered, recoveryKey)).toThrow("was changed after it was sealed");
      }
    }
  });

  it("under another number does not open: an old one cannot be shown as the newest", () => {
    const { header, headerBytes, sealed } = decodeConfiguration(seal());
    const renumbered = Buffer.from(headerBytes);
    renumbered.writeUInt32LE(8, 32);
    expect(() => openConfiguration({ header, headerBytes: renumbered, sealed }, recoveryKey)).toThrow("was changed");
  });

  it("is sealed with another key each time", () => {
    const wish = { repositoryId: goldenRepository, number: 1, createdMs: 0, publicKey };
    expect(toHex(sealConfiguration(plain, wish))).not.toBe(toHex(sealConfiguration(plain, wish)));
  });
});

describe("the content of a configuration", () => {
  const content = {
    installationId: "golden",
    createdMs: 5,
    productVersion: "0.1.0",
    kit: 2,
    dataDir: "/var/lib/holdfast/controller",
    files: [
      { path: "controller.db", mode: 0o600, content: counting(10_000) },
      { path: "identity/nats/nats.conf", mode: 0o600, content: new Uint8Array(0) },
      { path: "identity/ca.pem", mode: 0o644, content: Buffer.from("pem") },
    ],
  };

  it("is unpacked as it was packed", async () => {
    const unpacked = await unpackConfiguration(await packConfiguration(content));
    expect(unpacked.files.map(({ path, mode, content: bytes }) => [path, mode, toHex(bytes)])).toEqual(
      content.files.map(({ path, mode, content: bytes }) => [path, mode, toHex(bytes)]),
    );
    expect(unpacked).toMatchObject({ installationId: "golden", kit: 2, createdMs: 5 });
  });

  it.each(["/etc/passwd", "../x", "identity/../../x", "a//b", "", "a/"])("may not name the path %j", async (path) => {
    const files = [{ path, mode: 0o600, content: new Uint8Array(1) }];
    await expect(packConfiguration({ ...content, files })).rejects.toThrow(z.ZodError);
  });

  it("that is none is refused", async () => {
    await expect(unpackConfiguration(fromHex("00112233"))).rejects.toMatchObject({ code: "CONFIGURATION_DAMAGED" });
  });
});

it("names of configurations are read back, and others are not theirs", () => {
  const key = { installationId: "a1", number: 0x1f };
  expect(configurationName(key)).toBe("configurations/a1/0000001f");
  expect(parseConfigurationName(configurationName(key))).toEqual(key);
  for (const other of [
    "configurations/a1/0000000",
    "configurations/A/0000001f",
    "configurations/a1/00000000",
    "points/x",
  ])
    expect(parseConfigurationName(other)).toBeUndefined();
});
