import { createCipheriv, createDecipheriv, diffieHellman, hkdfSync, type KeyObject } from "node:crypto";
import { HoldfastError } from "../errors/holdfast-error.ts";
import { equalBytes, toHex } from "../format/content-id.ts";
import type { RepositoryId } from "../format/repository-id.ts";
import {
  makeRecoveryKey,
  publicHalfOf,
  recoveryKeyBytes,
  recoveryKeyId,
  type RecoveryKeyPair,
  toPrivateKey,
  toPublicKey,
} from "../recovery/recovery-key.ts";
import {
  configurationOverhead,
  encodeConfiguration,
  encodeConfigurationHeader,
  largestConfiguration,
  type SealedConfiguration,
} from "./configuration-object.ts";

/** Where a configuration is to lie, and who may open it. */
export interface SealWish {
  readonly repositoryId: RepositoryId;
  readonly number: number;
  readonly createdMs: number;
  /** Public half of the recovery key. */
  readonly publicKey: Uint8Array;
  /** Seals one object and is forgotten; a new one unless a test gives its own. */
  readonly ephemeral?: RecoveryKeyPair;
}

const tagSize = 16;
const cipherName = "aes-256-gcm";
const info = "holdfast configuration 1";
const keySize = 32;
const nonceSize = 12;

/** Seals bytes to the recovery key as one object (repository-format.md §9); INVALID_ARGUMENT when they are too many. */
export const sealConfiguration = (plain: Uint8Array, wish: SealWish): Uint8Array => {
  const { repositoryId, number, createdMs, publicKey, ephemeral = makeRecoveryKey() } = wish;
  const sealedLength = recoveryKeyBytes + plain.byteLength + tagSize;
  if (sealedLength + configurationOverhead > largestConfiguration)
    throw new HoldfastError("INVALID_ARGUMENT", `a configuration of ${plain.byteLength} bytes is too large to be kept`);
  const keyId = recoveryKeyId(publicKey);
  const header = encodeConfigurationHeader({ repositoryId, number, createdMs, sealedLength, keyId });
  const { key, nonce } = deriveKey({
    ownKey: toPrivateKey(ephemeral.privateKey),
    otherKey: toPublicKey(publicKey),
    ephemeral: ephemeral.publicKey,
    recovery: publicKey,
  });
  const cipher = createCipheriv(cipherName, key, nonce).setAAD(header);
  const sealed = [ephemeral.publicKey, cipher.update(plain), cipher.final(), cipher.getAuthTag()];
  return encodeConfiguration(header, Buffer.concat(sealed));
};

/** The plain bytes; RECOVERY_KEY_WRONG when it was sealed to another key, CONFIGURATION_DAMAGED when it was tampered with. */
export const openConfiguration = (
  { header, headerBytes, sealed }: SealedConfiguration,
  privateKey: Uint8Array,
): Uint8Array => {
  const recovery = publicHalfOf(privateKey);
  const keyId = recoveryKeyId(recovery);
  if (!equalBytes(keyId, header.keyId))
    throw new HoldfastError(
      "RECOVERY_KEY_WRONG",
      `the configuration is sealed to recovery key ${toHex(header.keyId)}, not to ${toHex(keyId)}`,
    );
  try {
    const ephemeral = sealed.subarray(0, recoveryKeyBytes);
    const { key, nonce } = deriveKey({
      ownKey: toPrivateKey(privateKey),
      otherKey: toPublicKey(ephemeral),
      ephemeral,
      recovery,
    });
    const decipher = createDecipheriv(cipherName, key, nonce).setAAD(headerBytes);
    decipher.setAuthTag(sealed.subarray(-tagSize));
    return Buffer.concat([decipher.update(sealed.subarray(recoveryKeyBytes, -tagSize)), decipher.final()]);
  } catch (cause) {
    throw new HoldfastError("CONFIGURATION_DAMAGED", "the configuration was changed after it was sealed", { cause });
  }
};

interface Agreement {
  readonly ownKey: KeyObject;
  readonly otherKey: KeyObject;
  readonly ephemeral: Uint8Array;
  readonly recovery: Uint8Array;
}

const deriveKey = ({ ownKey, otherKey, ephemeral, recovery }: Agreement): { key: Buffer; nonce: Buffer } => {
  const agreed = diffieHellman({ privateKey: ownKey, publicKey: otherKey });
  const bytes = Buffer.from(
    hkdfSync("sha256", agreed, Buffer.concat([ephemeral, recovery]), info, keySize + nonceSize),
  );
  return { key: bytes.subarray(0, keySize), nonce: bytes.subarray(keySize) };
};
