import type { z } from "zod";
import { HoldfastError } from "../errors/holdfast-error.ts";
import { isZero } from "./chunk-id.ts";
import { equalBytes, idSize, sha256 } from "./content-id.ts";
import {
  type ClearPart,
  clearPartSchema,
  manifestSchemaVersion,
  type SealedPart,
  sealedPartSchema,
} from "./manifest-schema.ts";
import { type RepositoryId, repositoryIdBytes, repositoryIdFromBytes, repositoryIdSize } from "./repository-id.ts";

/** What a restore point is, as its writer states it. */
export interface Manifest {
  readonly repositoryId: RepositoryId;
  readonly clear: ClearPart;
  readonly sealed: SealedPart;
}

/** The most bytes of an encoded manifest; configuration that needs more is refused before a commit. */
export const largestManifestBytes = 16 * 1024 * 1024;

const magic = Buffer.from("HFMF", "latin1");
const manifestVersion = 1;
const integritySha256 = 1;
const headerSize = 64;
const trailerSize = idSize + 4;
const at = { version: 4, integrity: 5, seal: 6, flags: 7, clear: 8, sealed: 12, repositoryId: 16, keyId: 32 } as const;

const tooLarge = (size: number): HoldfastError =>
  new HoldfastError("INVALID_ARGUMENT", `a manifest of ${size} bytes is larger than ${largestManifestBytes}`);

/** The bytes of a manifest; INVALID_ARGUMENT when a part is not what its schema says or all is too large. */
export const encodeManifest = (manifest: Manifest): Uint8Array => {
  const clear = Buffer.from(JSON.stringify(checked(clearPartSchema, manifest.clear)), "utf8");
  const sealed = Buffer.from(JSON.stringify(checked(sealedPartSchema, manifest.sealed)), "utf8");
  const size = headerSize + clear.byteLength + sealed.byteLength + trailerSize;
  if (size > largestManifestBytes) throw tooLarge(size);
  const header = Buffer.alloc(headerSize);
  magic.copy(header);
  header[at.version] = manifestVersion;
  header[at.integrity] = integritySha256;
  header.writeUInt32LE(clear.byteLength, at.clear);
  header.writeUInt32LE(sealed.byteLength, at.sealed);
  header.set(repositoryIdBytes(manifest.repositoryId), at.repositoryId);
  const body = Buffer.concat([header, clear, sealed]);
  const noSignature = new Uint8Array(trailerSize - idSize);
  return Buffer.concat([body, sha256(body), noSignature]);
};

/**
 * Reads a manifest. REPOSITORY_DAMAGED when its bytes are not whole, SCHEMA_TOO_NEW for a later version,
 * FEATURE_UNSUPPORTED when it is encrypted or signed.
 */
export const decodeManifest = (bytes: Uint8Array): Manifest => {
  if (bytes.byteLength > largestManifestBytes) throw tooLarge(bytes.byteLength);
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  checkHeader(view);
  const clearEnd = headerSize + view.readUInt32LE(at.clear);
  const sealedEnd = clearEnd + view.readUInt32LE(at.sealed);
  checkTrailer(view, sealedEnd);
  return {
    repositoryId: repositoryIdFromBytes(view.subarray(at.repositoryId, at.repositoryId + repositoryIdSize)),
    clear: parsePart(clearPartSchema, view.subarray(headerSize, clearEnd)),
    sealed: parsePart(sealedPartSchema, view.subarray(clearEnd, sealedEnd)),
  };
};

const damaged = (what: string, cause?: unknown): HoldfastError =>
  new HoldfastError("REPOSITORY_DAMAGED", `a manifest ${what}`, cause === undefined ? {} : { cause });

const unsupported = (what: string): HoldfastError => new HoldfastError("FEATURE_UNSUPPORTED", `a manifest ${what}`);

const checkHeader = (bytes: Buffer): void => {
  if (bytes.byteLength < headerSize + trailerSize) throw damaged("is cut short");
  if (!equalBytes(bytes.subarray(0, magic.byteLength), magic)) throw damaged("does not start with its magic");
  const version = bytes[at.version] ?? 0;
  if (version > manifestVersion) throw new HoldfastError("SCHEMA_TOO_NEW", `a manifest of version ${version}`);
  if (version < 1) throw damaged("has no version");
  if (bytes[at.integrity] !== integritySha256) throw unsupported("has an integrity code of unknown kind");
  if (bytes[at.seal] !== 0 || bytes[at.flags] !== 0) throw unsupported("is encrypted or has unknown flags");
  if (!isZero(bytes.subarray(at.keyId, headerSize))) throw unsupported("names a key");
};

const checkTrailer = (bytes: Buffer, sealedEnd: number): void => {
  if (bytes.byteLength < sealedEnd + trailerSize) throw damaged("is cut short");
  const named = bytes.subarray(sealedEnd, sealedEnd + idSize);
  if (!equalBytes(named, sha256(bytes.subarray(0, sealedEnd)))) throw damaged("does not match its checksum");
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
