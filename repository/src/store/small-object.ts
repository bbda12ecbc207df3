import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { sha256, toHex } from "@holdfast/shared/format/content-id";
import type { RepositoryId } from "@holdfast/shared/format/repository-id";
import type { z } from "zod";

/** The most bytes of a small object. */
export const largestSmallObject = 4 * 1024 * 1024;

/** The schema version of small objects that this code writes. */
export const smallObjectSchema = 1;

/** A kind of small object: its word and what its other keys are. */
export interface SmallObjectKind<Body extends z.ZodType> {
  readonly kind: string;
  readonly body: Body;
}

/** The two lines of a small object (repository-format.md §1.1). */
export const encodeSmallObject = <Body extends z.ZodType>(
  { kind, body }: SmallObjectKind<Body>,
  repositoryId: RepositoryId,
  value: z.infer<Body>,
): Uint8Array => {
  const parsed = body.parse(value);
  const fields = typeof parsed === "object" && parsed !== null ? parsed : {};
  const line = Buffer.from(JSON.stringify({ kind, schema: smallObjectSchema, repositoryId, ...fields }), "utf8");
  return Buffer.concat([line, Buffer.from(`\nsha256:${toHex(sha256(line))}\n`, "latin1")]);
};

/** A small object read back. */
export interface DecodedSmallObject<Value> {
  readonly repositoryId: string;
  readonly value: Value;
}

/** Where a small object was found, and what it must say for that. */
export interface SmallObjectPlace<Body extends z.ZodType> {
  readonly name: string;
  /** Whose it must be; any repository's where that is not known yet. */
  readonly repositoryId: string | undefined;
  /** Keys that repeat what the name says. */
  readonly says: Partial<z.infer<Body>>;
}

/**
 * Reads a small object. REPOSITORY_DAMAGED when checksum, kind or keys do not fit, or when it is another repository's or belongs under
 * another name: a stray copy of a plan or a mark decides nothing. SCHEMA_TOO_NEW for a later schema.
 */
export const decodeSmallObject = <Body extends z.ZodType>(
  { kind, body }: SmallObjectKind<Body>,
  bytes: Uint8Array,
  { name, repositoryId: owner, says }: SmallObjectPlace<Body>,
): DecodedSmallObject<z.infer<Body>> => {
  const { kind: foundKind, schema, repositoryId, ...fields } = parseLine(bytes, name);
  if (typeof schema !== "number" || typeof repositoryId !== "string" || foundKind !== kind) {
    throw damaged(name, `is no ${kind}`);
  }
  if (schema > smallObjectSchema) throw new HoldfastError("SCHEMA_TOO_NEW", `${name} has schema ${schema}`);
  if (owner !== undefined && repositoryId !== owner) throw damaged(name, `is of repository ${repositoryId}`);
  const strange = Object.entries(says).find(([key, value]) => fields[key] !== value);
  if (strange !== undefined) throw damaged(name, `says another ${strange[0]} than its name`);
  const parsed = body.safeParse(fields);
  if (!parsed.success) throw damaged(name, "is not what its schema says", parsed.error);
  return { repositoryId, value: parsed.data };
};

const damaged = (name: string, what: string, cause?: unknown): HoldfastError =>
  new HoldfastError("REPOSITORY_DAMAGED", `${name} ${what}`, cause === undefined ? {} : { cause });

const checksumLineLength = "\nsha256:\n".length + 64;

const parseLine = (bytes: Uint8Array, name: string): Readonly<Record<string, unknown>> => {
  if (bytes.byteLength < checksumLineLength || bytes.byteLength > largestSmallObject) {
    throw damaged(name, `has ${bytes.byteLength} bytes`);
  }
  const line = bytes.subarray(0, bytes.byteLength - checksumLineLength);
  const rest = Buffer.from(bytes.subarray(line.byteLength)).toString("latin1");
  if (rest !== `\nsha256:${toHex(sha256(line))}\n`) throw damaged(name, "does not match its checksum");
  try {
    return asFields(JSON.parse(Buffer.from(line).toString("utf8")));
  } catch (cause) {
    throw damaged(name, "is no JSON object", cause);
  }
};

const asFields = (value: unknown): Readonly<Record<string, unknown>> => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new TypeError("not an object");
  return { ...value };
};
