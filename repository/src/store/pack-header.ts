import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { isZero } from "@holdfast/shared/format/chunk-id";
import { equalBytes, sha256 } from "@holdfast/shared/format/content-id";
import { type RecordKind, recordKindNumbers } from "@holdfast/shared/format/record-header";
import { type RepositoryId, repositoryIdBytes, repositoryIdFromBytes } from "@holdfast/shared/format/repository-id";
import type { PackKey } from "./object-names.ts";

/** What a pack says of itself before its first record. */
export interface PackHeader extends PackKey {
  readonly repositoryId: RepositoryId;
  readonly kind: RecordKind;
  readonly createdMs: number;
}

/** Bytes of a pack's header, which is also the offset of its first record. */
export const packHeaderSize = 64;

const magic = Buffer.from("HFPK", "latin1");
const version = 1;
const at = {
  version: 4,
  kind: 5,
  flags: 6,
  repositoryId: 8,
  epoch: 24,
  sequence: 28,
  createdMs: 32,
  reserved: 40,
  checksum: 52,
} as const;

const checksumOf = (bytes: Uint8Array): Uint8Array =>
  sha256(bytes.subarray(0, at.checksum)).subarray(0, packHeaderSize - at.checksum);

/** The 64 bytes of a pack's header. */
export const encodePackHeader = (header: PackHeader): Uint8Array => {
  const bytes = Buffer.alloc(packHeaderSize);
  magic.copy(bytes);
  bytes[at.version] = version;
  bytes[at.kind] = recordKindNumbers[header.kind];
  bytes.set(repositoryIdBytes(header.repositoryId), at.repositoryId);
  bytes.writeUInt32LE(header.epoch, at.epoch);
  bytes.writeUInt32LE(header.sequence, at.sequence);
  bytes.writeBigUInt64LE(BigInt(header.createdMs), at.createdMs);
  bytes.set(checksumOf(bytes), at.checksum);
  return bytes;
};

/** Reads a pack's header. REPOSITORY_DAMAGED when it is not whole, SCHEMA_TOO_NEW, FEATURE_UNSUPPORTED. */
export const decodePackHeader = (bytes: Uint8Array): PackHeader => {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const whole =
    view.byteLength >= packHeaderSize &&
    equalBytes(view.subarray(0, magic.byteLength), magic) &&
    equalBytes(view.subarray(at.checksum, packHeaderSize), checksumOf(view));
  if (!whole) throw new HoldfastError("REPOSITORY_DAMAGED", "a pack's header is damaged");
  if ((view[at.version] ?? 0) > version)
    throw new HoldfastError("SCHEMA_TOO_NEW", `a pack of version ${view[at.version]}`);
  const known = isZero(view.subarray(at.flags, at.repositoryId)) && isZero(view.subarray(at.reserved, at.checksum));
  const kind = view[at.kind] === recordKindNumbers.chunk ? "chunk" : "page";
  if (!known || view[at.kind] !== recordKindNumbers[kind]) {
    throw new HoldfastError("FEATURE_UNSUPPORTED", "a pack has an unknown kind or flags");
  }
  return {
    repositoryId: repositoryIdFromBytes(view.subarray(at.repositoryId, at.epoch)),
    kind,
    epoch: view.readUInt32LE(at.epoch),
    sequence: view.readUInt32LE(at.sequence),
    createdMs: Number(view.readBigUInt64LE(at.createdMs)),
  };
};
