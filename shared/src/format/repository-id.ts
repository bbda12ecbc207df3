import { HoldfastError } from "../errors/holdfast-error.ts";
import type { Branded, RandomBytes } from "../ids/ids.ts";
import { fromHex, toHex } from "./content-id.ts";

/** Which repository: a random UUID in its text form, lower case. */
export type RepositoryId = Branded<"RepositoryId">;

/** Bytes that a repository id takes in binary structures. */
export const repositoryIdSize = 16;

const pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Takes a text as a repository id; INVALID_ARGUMENT when it is no UUID in lower case. */
export const parseRepositoryId = (text: string): RepositoryId => {
  if (!pattern.test(text)) throw new HoldfastError("INVALID_ARGUMENT", `${text} is not a repository id`);
  return text as RepositoryId;
};

/** The 16 bytes of the UUID in the order of its digits. */
export const repositoryIdBytes = (id: RepositoryId): Uint8Array => fromHex(id.replaceAll("-", ""));

/** The id that these 16 bytes spell. */
export const repositoryIdFromBytes = (bytes: Uint8Array): RepositoryId => {
  const hex = toHex(bytes);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    "-",
  ) as RepositoryId;
};

/** A new random id (UUID version 4). */
export const newRepositoryId = (random: RandomBytes): RepositoryId => {
  const bytes = Uint8Array.from(random(repositoryIdSize));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return repositoryIdFromBytes(bytes);
};
