import { HoldfastError } from "../errors/holdfast-error.ts";
import { equalBytes, sha256 } from "../format/content-id.ts";
import {
  type RepositoryId,
  repositoryIdBytes,
  repositoryIdFromBytes,
  repositoryIdSize,
} from "../format/repository-id.ts";

/** What the beginning of a configuration says of it (repository-format.md §9). */
export interface ConfigurationHeader {
  readonly repositoryId: RepositoryId;
  readonly createdMs: number;
  readonly number: number;
  /** Bytes of the sealed part. */
  readonly sealedLength: number;
  /** `recoveryKeyId` of the key that it is sealed to. */
  readonly keyId: Uint8Array;
}

/** Bytes of the header. */
export const configurationHeaderSize = 48;

const checksumSize = 32;

/** The most bytes of a whole configuration. */
export const largestConfiguration = 256 * 1024 * 1024;

/** Bytes of a configuration beside its sealed part. */
export const configurationOverhead = configurationHeaderSize + checksumSize;

const smallestSealed = 49;
/** The last time that a date can have. */
const latestMs = 8.64e15;
const magic = Buffer.from("HFCF", "latin1");
const version = 1;
const sealScheme = 1;

/** The header's bytes. */
export const encodeConfigurationHeader = (header: ConfigurationHeader): Uint8Array => {
  const bytes = Buffer.alloc(configurationHeaderSize);
  magic.copy(bytes, 0);
  bytes.writeUInt8(version, 4);
  bytes.writeUInt8(sealScheme, 5);
  bytes.set(repositoryIdBytes(header.repositoryId), 8);
  bytes.writeBigUInt64LE(BigInt(header.createdMs), 24);
  bytes.writeUInt32LE(header.number, 32);
  bytes.writeUInt32LE(header.sealedLength, 36);
  bytes.set(header.keyId, 40);
  return bytes;
};

/** Reads a header; CONFIGURATION_DAMAGED when it is none, SCHEMA_TOO_NEW, FEATURE_UNSUPPORTED. */
export const decodeConfigurationHeader = (given: Uint8Array): ConfigurationHeader => {
  const bytes = Buffer.from(given.buffer, given.byteOffset, given.byteLength);
  if (bytes.length < configurationHeaderSize || !equalBytes(bytes.subarray(0, 4), magic))
    throw new HoldfastError("CONFIGURATION_DAMAGED", "this is no configuration of an installation");
  const found = bytes.readUInt8(4);
  if (found > version) throw new HoldfastError("SCHEMA_TOO_NEW", `a configuration of version ${found}`);
  if (bytes.readUInt8(5) !== sealScheme || bytes.readUInt16LE(6) !== 0)
    throw new HoldfastError("FEATURE_UNSUPPORTED", "the configuration is sealed in a way that is not known here");
  const sealedLength = bytes.readUInt32LE(36);
  if (sealedLength < smallestSealed || sealedLength > largestConfiguration - configurationOverhead)
    throw new HoldfastError("CONFIGURATION_DAMAGED", `a configuration with a sealed part of ${sealedLength} bytes`);
  const createdMs = Number(bytes.readBigUInt64LE(24));
  if (createdMs > latestMs)
    throw new HoldfastError("CONFIGURATION_DAMAGED", `a configuration of the time ${createdMs}`);
  return {
    repositoryId: repositoryIdFromBytes(bytes.subarray(8, 8 + repositoryIdSize)),
    createdMs,
    number: bytes.readUInt32LE(32),
    sealedLength,
    keyId: Uint8Array.from(bytes.subarray(40, configurationHeaderSize)),
  };
};

/** Header, sealed part and checksum as one object. */
export const encodeConfiguration = (header: Uint8Array, sealed: Uint8Array): Uint8Array => {
  const content = Buffer.concat([header, sealed]);
  return Buffer.concat([content, sha256(content)]);
};

/** A configuration taken apart, still sealed. */
export interface SealedConfiguration {
  readonly header: ConfigurationHeader;
  readonly headerBytes: Uint8Array;
  readonly sealed: Uint8Array;
}

/** Takes a whole object apart; CONFIGURATION_DAMAGED unless its length and its checksum are right. */
export const decodeConfiguration = (bytes: Uint8Array): SealedConfiguration => {
  const header = decodeConfigurationHeader(bytes);
  const end = configurationHeaderSize + header.sealedLength;
  if (bytes.byteLength !== end + checksumSize)
    throw new HoldfastError(
      "CONFIGURATION_DAMAGED",
      `the configuration has ${bytes.byteLength} bytes where its header says ${end + checksumSize}`,
    );
  if (!equalBytes(sha256(bytes.subarray(0, end)), bytes.subarray(end)))
    throw new HoldfastError("CONFIGURATION_DAMAGED", "the configuration does not match its checksum");
  return {
    header,
    headerBytes: bytes.subarray(0, configurationHeaderSize),
    sealed: bytes.subarray(configurationHeaderSize, end),
  };
};
