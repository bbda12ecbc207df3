import { createHash, timingSafeEqual } from "node:crypto";
import { HoldfastError } from "../errors/holdfast-error.ts";
import { type RandomBytes, randomName } from "../ids/ids.ts";

/** What a user may do, from little to all; each may do what those before it may. */
export const userRoles = ["viewer", "operator", "admin"] as const;

/** What a user may do. */
export type UserRole = (typeof userRoles)[number];

/** The parts of a user's token. */
export interface UserToken {
  readonly installationId: string;
  /** Names the token; not a secret. */
  readonly tokenId: string;
  readonly secret: string;
}

const form = /^hfu1\.(?<installationId>[0-9a-z]{1,32})\.(?<tokenId>[0-9a-z]{1,32})\.(?<secret>[\w-]{20,128})$/;

/** Makes a token with a secret of 32 random bytes. */
export const makeUserToken = (installationId: string, random: RandomBytes): UserToken => ({
  installationId,
  tokenId: randomName(12, random),
  secret: Buffer.from(random(32)).toString("base64url"),
});

/** `hfu1.<installation>.<token id>.<secret>`: a secret (R12), shown once. */
export const writeUserToken = ({ installationId, tokenId, secret }: UserToken): string =>
  `hfu1.${installationId}.${tokenId}.${secret}`;

/** UNAUTHENTICATED for a text that is no token; the text itself stands in no error. */
export const parseUserToken = (text: string): UserToken => {
  const groups = form.exec(text.trim())?.groups;
  if (groups === undefined) throw new HoldfastError("UNAUTHENTICATED", "this is not a user's token");
  const { installationId = "", tokenId = "", secret = "" } = groups;
  return { installationId, tokenId, secret };
};

/** What is kept of a random secret: its SHA-256, hexadecimal. */
export const hashSecret = (secret: string): string => createHash("sha256").update(secret).digest("hex");

/** Compares in a time that tells nothing of where they differ. */
export const isSecretOf = (secret: string, hash: string): boolean => {
  const [shown, kept] = [Buffer.from(hashSecret(secret), "hex"), Buffer.from(hash, "hex")];
  return shown.length === kept.length && timingSafeEqual(shown, kept);
};
