import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { isZero } from "@holdfast/shared/format/chunk-id";
import { equalBytes, idSize, sha256 } from "@holdfast/shared/format/content-id";
import { decodeManifest, decodeStoredManifest } from "@holdfast/shared/format/manifest";
import { attemptSchema } from "@holdfast/shared/format/manifest-schema";
import {
  type RepositoryId,
  repositoryIdBytes,
  repositoryIdFromBytes,
  repositoryIdSize,
} from "@holdfast/shared/format/repository-id";
import type { ManifestKeys } from "@holdfast/shared/format/repository-keys";
import { z } from "zod";
import type { StoredPoint } from "./repository-store.ts";

const bytesCount = z.int().nonnegative();

/** What the repository itself states of a point at its commit, beside the writer's manifest. */
export const commitPartSchema = z.strictObject({
  schema: z.literal(1),
  attempt: attemptSchema,
  /** By the repository's clock. */
  committedMs: z.int(),
  /** Until when nobody may remove the point, as the repository's configuration had it at the commit; a mark may say later. */
  immutableUntilMs: z.int().nullable(),
  epoch: z.int(),
  /** R8: counted by the repository, in plain bytes of whole chunks, and bytes in packs. */
  counted: z.strictObject({ deduplicatedBytes: bytesCount, storedBytes: bytesCount, packedBytes: bytesCount }),
});
export type CommitPart = z.infer<typeof commitPartSchema>;

const magic = Buffer.from("HFPO", "latin1");
const version = 1;
const headerSize = 32;
const at = { version: 4, reserved: 5, commit: 8, manifest: 12, repositoryId: 16 } as const;

/** The bytes of a point's object (repository-format.md §5). */
export const encodePointObject = (
  repositoryId: RepositoryId,
  commit: CommitPart,
  manifestBytes: Uint8Array,
): Uint8Array => {
  const part = Buffer.from(JSON.stringify(commitPartSchema.parse(commit)), "utf8");
  const header = Buffer.alloc(headerSize);
  magic.copy(header);
  header[at.version] = version;
  header.writeUInt32LE(part.byteLength, at.commit);
  header.writeUInt32LE(manifestBytes.byteLength, at.manifest);
  header.set(repositoryIdBytes(repositoryId), at.repositoryId);
  const body = Buffer.concat([header, part, manifestBytes]);
  return Buffer.concat([body, sha256(body)]);
};

/**
 * Reads a point's object; `name` is for messages. What is sealed is opened where there are keys. REPOSITORY_DAMAGED when it is not
 * whole or its parts are of different repositories or attempts, SCHEMA_TOO_NEW for a later version.
 */
export const decodePointObject = (
  bytes: Uint8Array,
  { repositoryId, keys }: { readonly repositoryId: RepositoryId; readonly keys?: ManifestKeys | undefined },
  name: string,
): StoredPoint => {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  checkEnvelope(view, repositoryId, name);
  const commitEnd = headerSize + view.readUInt32LE(at.commit);
  const commit = parseCommit(view.subarray(headerSize, commitEnd), name);
  const manifestBytes = view.subarray(commitEnd, commitEnd + view.readUInt32LE(at.manifest));
  const manifest = keys === undefined ? decodeStoredManifest(manifestBytes) : decodeManifest(manifestBytes, keys);
  if (manifest.repositoryId !== repositoryId || manifest.clear.attempt.taskId !== commit.attempt.taskId) {
    throw damaged(name, "holds the manifest of another point");
  }
  return { pointId: commit.attempt.taskId, commit, manifest, manifestBytes };
};

const damaged = (name: string, what: string, cause?: unknown): HoldfastError =>
  new HoldfastError("REPOSITORY_DAMAGED", `${name} ${what}`, cause === undefined ? {} : { cause });

const checkEnvelope = (bytes: Buffer, repositoryId: RepositoryId, name: string): void => {
  if (bytes.byteLength < headerSize + idSize) throw damaged(name, "is cut short");
  if (!equalBytes(bytes.subarray(0, magic.byteLength), magic)) throw damaged(name, "does not start with its magic");
  if ((bytes[at.version] ?? 0) > version) {
    throw new HoldfastError("SCHEMA_TOO_NEW", `${name} has version ${bytes[at.version]}`);
  }
  const end = headerSize + bytes.readUInt32LE(at.commit) + bytes.readUInt32LE(at.manifest);
  if (bytes.byteLength !== end + idSize) throw damaged(name, `has ${bytes.byteLength} bytes, not ${end + idSize}`);
  if (!equalBytes(bytes.subarray(end), sha256(bytes.subarray(0, end))))
    throw damaged(name, "does not match its checksum");
  if (!isZero(bytes.subarray(at.reserved, at.commit))) {
    throw new HoldfastError("FEATURE_UNSUPPORTED", `${name} has unknown flags`);
  }
  const found = repositoryIdFromBytes(bytes.subarray(at.repositoryId, at.repositoryId + repositoryIdSize));
  if (found !== repositoryId) throw damaged(name, `is of repository ${found}`);
};

const parseCommit = (bytes: Buffer, name: string): CommitPart => {
  try {
    return commitPartSchema.parse(JSON.parse(bytes.toString("utf8")));
  } catch (cause) {
    throw damaged(name, "holds a commit part that is not what its schema says", cause);
  }
};
