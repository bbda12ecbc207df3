import type { z } from "zod";
import { HoldfastError } from "../errors/holdfast-error.ts";
import type { RandomBytes } from "../ids/ids.ts";
import { kernelRandom } from "../ids/kernel-random.ts";
import { isZero } from "./chunk-id.ts";
import { equalBytes, fromHex, idSize, sha256, toHex } from "./content-id.ts";
import {
  type ClearPart,
  clearPartSchema,
  manifestSchemaVersion,
  type SealedPart,
  sealedPartSchema,
} from "./manifest-schema.ts";
import { type RepositoryId, repositoryIdBytes, repositoryIdFromBytes, repositoryIdSize } from "./repository-id.ts";
import { hmacSha256, keyIdBytes, type ManifestKeys, missingKey, noKeyId, type SealingKeys } from "./repository-keys.ts";
import { openSeal, sealBytes, sealNonceBytes, sealTagBytes } from "./seal.ts";

/** What a restore point is, as its writer states it. */
export interface Manifest {
  readonly repositoryId: RepositoryId;
  readonly clear: ClearPart;
  readonly sealed: SealedPart;
}

/** A manifest as who has no key can read it: without its second part where that is sealed. */
export interface StoredManifest extends Omit<Manifest, "sealed"> {
  readonly sealed: SealedPart | undefined;
}

/** The most bytes of an encoded manifest; configuration that needs more is refused before a commit. */
export const largestManifestBytes = 16 * 1024 * 1024;

const magic = Buffer.from("HFMF", "latin1");
const manifestVersion = 1;
const integrityNumbers = { sha256: 1, hmac: 2 } as const;
const sealNumbers = { none: 0, aes256gcm: 1 } as const;
const headerSize = 64;
const trailerSize = idSize + 4;
const at = {
  version: 4,
  integrity: 5,
  seal: 6,
  flags: 7,
  clear: 8,
  sealed: 12,
  repositoryId: 16,
  keyId: 32,
  nonce: 40,
} as const;

const tooLarge = (size: number): HoldfastError =>
  new HoldfastError("INVALID_ARGUMENT", `a manifest of ${size} bytes is larger than ${largestManifestBytes}`);

/**
 * The bytes of a manifest, its second part sealed where there are keys; INVALID_ARGUMENT when a part is not what its schema says
 * or all is too large. Nonces are the kernel's for everybody but who makes golden files.
 */
export const encodeManifest = (
  manifest: Manifest,
  keys?: SealingKeys,
  nonces: RandomBytes = kernelRandom,
): Uint8Array => {
  const clear = Buffer.from(JSON.stringify(checked(clearPartSchema, manifest.clear)), "utf8");
  const second = Buffer.from(JSON.stringify(checked(sealedPartSchema, manifest.sealed)), "utf8");
  const sealedSize = second.byteLength + (keys === undefined ? 0 : sealTagBytes);
  const size = headerSize + clear.byteLength + sealedSize + trailerSize;
  if (size > largestManifestBytes) throw tooLarge(size);
  const header = Buffer.alloc(headerSize);
  magic.copy(header);
  header[at.version] = manifestVersion;
  header[at.integrity] = integrityNumbers[keys === undefined ? "sha256" : "hmac"];
  header[at.seal] = sealNumbers[keys === undefined ? "none" : "aes256gcm"];
  header.writeUInt32LE(clear.byteLength, at.clear);
  header.writeUInt32LE(sealedSize, at.sealed);
  header.set(repositoryIdBytes(manifest.repositoryId), at.repositoryId);
  const noSignature = new Uint8Array(trailerSize - idSize);
  if (keys === undefined) {
    const body = Buffer.concat([header, clear, second]);
    return Buffer.concat([body, sha256(body), noSignature]);
  }
  header.set(fromHex(keys.keyId), at.keyId);
  const nonce = nonces(sealNonceBytes);
  header.set(nonce, at.nonce);
  const associated = associatedOf(header, manifest.clear.attempt.taskId);
  const body = Buffer.concat([header, clear, sealBytes({ key: keys.manifestKey, nonce, associated }, second)]);
  return Buffer.concat([body, hmacSha256(keys.manifestKey, body), noSignature]);
};

/** What the seal of a manifest's second part covers beside it: the header before the nonce, and whose point it is. */
const associatedOf = (header: Uint8Array, pointId: string): Uint8Array =>
  Buffer.concat([header.subarray(0, at.nonce), Buffer.from(pointId, "latin1")]);

/**
 * Reads a manifest. REPOSITORY_DAMAGED when its bytes are not whole, SCHEMA_TOO_NEW for a later version, FEATURE_UNSUPPORTED when
 * it is signed, KEY_MISSING when it is sealed and its key is not among these. With keys, one that is not sealed is damage.
 */
export const decodeManifest = (bytes: Uint8Array, keys: ManifestKeys = new Map()): Manifest => {
  const { repositoryId, clear, view, clearEnd, sealedEnd, keyId } = takeApart(bytes);
  if (keyId === undefined) {
    // Otherwise who can write to the store could forge one.
    if (keys.size > 0) throw damaged("is not sealed, but all are here");
    return { repositoryId, clear, sealed: parsePart(sealedPartSchema, view.subarray(clearEnd, sealedEnd)) };
  }
  const key = keys.get(keyId);
  if (key === undefined) throw missingKey(keyId);
  if (!equalBytes(view.subarray(sealedEnd, sealedEnd + idSize), hmacSha256(key, view.subarray(0, sealedEnd))))
    throw damaged("does not match its integrity code");
  const nonce = view.subarray(at.nonce, at.nonce + sealNonceBytes);
  const associated = associatedOf(view, clear.attempt.taskId);
  const second = openSeal({ key, nonce, associated }, view.subarray(clearEnd, sealedEnd));
  if (second === undefined) throw damaged("has a sealed part that was changed");
  return { repositoryId, clear, sealed: parsePart(sealedPartSchema, Buffer.from(second)) };
};

/** The same without any key: of a sealed manifest only what is clear, and its integrity code is not looked at. */
export const decodeStoredManifest = (bytes: Uint8Array): StoredManifest => {
  const { repositoryId, clear, keyId } = takeApart(bytes);
  return keyId === undefined ? decodeManifest(bytes) : { repositoryId, clear, sealed: undefined };
};

interface ManifestParts {
  readonly repositoryId: RepositoryId;
  readonly clear: ClearPart;
  readonly view: Buffer;
  readonly clearEnd: number;
  readonly sealedEnd: number;
  /** Undefined when nothing is sealed. */
  readonly keyId: string | undefined;
}

const takeApart = (bytes: Uint8Array): ManifestParts => {
  if (bytes.byteLength > largestManifestBytes) throw tooLarge(bytes.byteLength);
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const keyId = checkHeader(view);
  const clearEnd = headerSize + view.readUInt32LE(at.clear);
  const sealedEnd = clearEnd + view.readUInt32LE(at.sealed);
  checkTrailer(view, sealedEnd, keyId !== undefined);
  const clear = parsePart(clearPartSchema, view.subarray(headerSize, clearEnd));
  const repositoryId = repositoryIdFromBytes(view.subarray(at.repositoryId, at.repositoryId + repositoryIdSize));
  return { repositoryId, clear, view, clearEnd, sealedEnd, keyId };
};

const damaged = (what: string, cause?: unknown): HoldfastError =>
  new HoldfastError("REPOSITORY_DAMAGED", `a manifest ${what}`, cause === undefined ? {} : { cause });

const unsupported = (what: string): HoldfastError => new HoldfastError("FEATURE_UNSUPPORTED", `a manifest ${what}`);

/** Answers the key id of a sealed manifest. */
const checkHeader = (bytes: Buffer): string | undefined => {
  if (bytes.byteLength < headerSize + trailerSize) throw damaged("is cut short");
  if (!equalBytes(bytes.subarray(0, magic.byteLength), magic)) throw damaged("does not start with its magic");
  const version = bytes[at.version] ?? 0;
  if (version > manifestVersion) throw new HoldfastError("SCHEMA_TOO_NEW", `a manifest of version ${version}`);
  if (version < 1) throw damaged("has no version");
  if (bytes[at.flags] !== 0) throw unsupported("has unknown flags");
  return isSealedBy(bytes) ? keyIdOf(bytes) : undefined;
};

const isSealedBy = (bytes: Buffer): boolean => {
  const [integrity, seal] = [bytes[at.integrity], bytes[at.seal]];
  if (integrity === integrityNumbers.hmac && seal === sealNumbers.aes256gcm) return true;
  if (integrity !== integrityNumbers.sha256 || seal !== sealNumbers.none)
    throw unsupported("has an integrity code or a seal of unknown kind");
  if (!isZero(bytes.subarray(at.keyId, headerSize))) throw unsupported("names a key and is not sealed");
  return false;
};

const keyIdOf = (bytes: Buffer): string => {
  const keyId = toHex(bytes.subarray(at.keyId, at.keyId + keyIdBytes));
  if (keyId === noKeyId || isZero(bytes.subarray(at.nonce, headerSize)))
    throw unsupported("is sealed and names no key");
  return keyId;
};

const checkTrailer = (bytes: Buffer, sealedEnd: number, isSealed: boolean): void => {
  if (bytes.byteLength < sealedEnd + trailerSize) throw damaged("is cut short");
  const named = bytes.subarray(sealedEnd, sealedEnd + idSize);
  if (!isSealed && !equalBytes(named, sha256(bytes.subarray(0, sealedEnd))))
    throw damaged("does not match its checksum");
  if (bytes.readUInt32LE(sealedEnd + idSize) !== 0) throw unsupported("is signed");
  if (bytes.byteLength !== sealedEnd + trailerSize) throw damaged("is followed by other bytes");
};

const checked = <Schema extends z.ZodType>(schema: Schema, value: z.infer<Schema>): z.infer<Schema> => {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new HoldfastError("INVALID_ARGUMENT", "a manifest is not what its schema says", { cause: parsed.error });
};

const parsePart = <Schema extends z.ZodType>(schema: Schema, bytes: Buffer): z.infer<Schema> => {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString("utf8"));
  } catch (cause) {
    throw damaged("holds a part that is no JSON", cause);
  }
  refuseNewer(value);
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw damaged("holds a part that is not what its schema says", parsed.error);
};

const refuseNewer = (value: unknown): void => {
  if (typeof value !== "object" || value === null || !("schema" in value)) return;
  if (typeof value.schema === "number" && value.schema > manifestSchemaVersion) {
    throw new HoldfastError("SCHEMA_TOO_NEW", `a manifest with a part of schema ${value.schema}`);
  }
};
