import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { chunkSizes } from "@holdfast/shared/format/chunk-size";
import { parseRepositoryId } from "@holdfast/shared/format/repository-id";
import type { RepositoryEncryption } from "@holdfast/shared/keys/master-key";
import { z } from "zod";
import { descriptorName } from "./object-names.ts";
import type { ObjectStore } from "./object-store.ts";
import type { RepositoryFacts } from "./repository-store.ts";
import { decodeSmallObject, encodeSmallObject, type SmallObjectKind } from "./small-object.ts";

/** What a program wants to do; each has its own list of features that it must know. */
export type RepositoryOperation = "read" | "write" | "delete" | "verify";

const formatVersion = 1;
const featureNames = z.array(z.string().min(1).max(64)).max(64);

const bodySchema = z.strictObject({
  formatVersion: z.int().min(1),
  createdMs: z.int(),
  installationId: z.string().max(64),
  chunkSize: z.literal(chunkSizes),
  hash: z.string(),
  encryption: z.record(z.string(), z.json()).nullable(),
  features: z.strictObject({ read: featureNames, write: featureNames, delete: featureNames, verify: featureNames }),
});

/** The descriptor as it is stored. */
export type DescriptorBody = z.infer<typeof bodySchema>;

/** The kind of the one object that says which repository this is. */
export const descriptorKind: SmallObjectKind<typeof bodySchema> = { kind: "descriptor", body: bodySchema };

/** Features that this version knows, for every operation. */
const knownFeatures: ReadonlySet<string> = new Set();

const encryptionScheme = 1;
const encryptionSchema = z.strictObject({
  scheme: z.literal(encryptionScheme),
  keyCheck: z.string().regex(/^[0-9a-f]{64}$/),
});

/** A descriptor of version 1 without features. */
export const plainDescriptor = (facts: RepositoryFacts): DescriptorBody => ({
  formatVersion: facts.formatVersion,
  createdMs: facts.createdMs,
  installationId: facts.installationId,
  chunkSize: facts.chunkSize,
  hash: "sha256",
  encryption: facts.encryption === undefined ? null : { scheme: encryptionScheme, keyCheck: facts.encryption.keyCheck },
  features: { read: [], write: [], delete: [], verify: [] },
});

/** Writes the descriptor of a new repository; ALREADY_EXISTS when there is one. */
export const writeDescriptor = async (objects: ObjectStore, facts: RepositoryFacts): Promise<void> => {
  const bytes = encodeSmallObject(descriptorKind, facts.repositoryId, plainDescriptor(facts));
  if ((await objects.putIfAbsent(descriptorName, bytes)) === "created") return;
  throw new HoldfastError("ALREADY_EXISTS", "there is a repository already");
};

/**
 * Reads the descriptor and proves that this program may do these operations. NOT_FOUND when there is no repository,
 * FEATURE_UNSUPPORTED, SCHEMA_TOO_NEW, REPOSITORY_DAMAGED.
 */
export const readDescriptor = async (
  objects: ObjectStore,
  operations: readonly RepositoryOperation[],
): Promise<RepositoryFacts> => {
  const place = { name: descriptorName, repositoryId: undefined, says: {} };
  const { repositoryId, value } = decodeSmallObject(descriptorKind, await objects.get(descriptorName), place);
  if (value.formatVersion > formatVersion) {
    throw new HoldfastError("SCHEMA_TOO_NEW", `a repository of format version ${value.formatVersion}`);
  }
  refuseUnknown(value, operations);
  const encryption = encryptionOf(value);
  return {
    repositoryId: parseRepositoryId(repositoryId),
    formatVersion: value.formatVersion,
    chunkSize: value.chunkSize,
    installationId: value.installationId,
    createdMs: value.createdMs,
    ...(encryption === undefined ? {} : { encryption }),
  };
};

const encryptionOf = ({ encryption }: DescriptorBody): RepositoryEncryption | undefined => {
  if (encryption === null) return undefined;
  const { scheme } = encryption;
  if (typeof scheme === "number" && scheme > encryptionScheme)
    throw new HoldfastError("SCHEMA_TOO_NEW", `the repository is encrypted by scheme ${scheme}`);
  const parsed = encryptionSchema.safeParse(encryption);
  if (parsed.success) return { keyCheck: parsed.data.keyCheck };
  throw new HoldfastError("REPOSITORY_DAMAGED", "the descriptor's encryption is not what its schema says", {
    cause: parsed.error,
  });
};

const refuseUnknown = (body: DescriptorBody, operations: readonly RepositoryOperation[]): void => {
  if (body.hash !== "sha256")
    throw new HoldfastError("FEATURE_UNSUPPORTED", `the repository uses the hash ${body.hash}`);
  for (const operation of operations) {
    const unknown = body.features[operation].find((feature) => !knownFeatures.has(feature));
    if (unknown !== undefined) {
      throw new HoldfastError("FEATURE_UNSUPPORTED", `the repository needs ${unknown} to ${operation}`);
    }
  }
};

/** The format version that this code creates. */
export const currentFormatVersion = formatVersion;
