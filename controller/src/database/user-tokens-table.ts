import { userRoles } from "@holdfast/shared/identity/user-token";
import { z } from "zod";
import type { User } from "../identity/user.ts";
import type { Queries } from "./database.ts";
import type { UserTokenRow } from "./schema.ts";

const toRow = (user: User): UserTokenRow => ({
  token_id: user.tokenId,
  name: user.name,
  role: user.role,
  secret_hash: user.secretHash,
  created_ms: user.createdMs,
  expires_ms: user.expiresMs,
  last_used_ms: user.lastUsedMs,
  revoked_ms: user.revokedMs,
});

const fromRow = (row: UserTokenRow): User => ({
  tokenId: row.token_id,
  name: row.name,
  role: z.enum(userRoles).parse(row.role),
  secretHash: row.secret_hash,
  createdMs: row.created_ms,
  expiresMs: row.expires_ms,
  lastUsedMs: row.last_used_ms,
  revokedMs: row.revoked_ms,
});

/** Writes a new token; one of that id that is there stays as it is. */
export const insertUserToken = async (queries: Queries, user: User): Promise<void> => {
  await queries
    .insertInto("user_tokens")
    .values(toRow(user))
    .onConflict((conflict) => conflict.column("token_id").doNothing())
    .execute();
};

/** The token of this id; undefined for none. */
export const findUserToken = async (queries: Queries, tokenId: string): Promise<User | undefined> => {
  const row = await queries.selectFrom("user_tokens").selectAll().where("token_id", "=", tokenId).executeTakeFirst();
  return row === undefined ? undefined : fromRow(row);
};

/** All tokens, revoked ones too, oldest first. */
export const listUserTokens = async (queries: Queries): Promise<readonly User[]> =>
  (await queries.selectFrom("user_tokens").selectAll().orderBy("created_ms").orderBy("token_id").execute()).map(
    fromRow,
  );

/** Keeps when a token was used last; nothing is decided by it. */
export const noteUserTokenUse = async (queries: Queries, tokenId: string, nowMs: number): Promise<void> => {
  await queries.updateTable("user_tokens").set({ last_used_ms: nowMs }).where("token_id", "=", tokenId).execute();
};

/** Revokes a token; one that is revoked stays revoked as of before. */
export const revokeUserToken = async (queries: Queries, tokenId: string, nowMs: number): Promise<void> => {
  await queries
    .updateTable("user_tokens")
    .set({ revoked_ms: nowMs })
    .where("token_id", "=", tokenId)
    .where("revoked_ms", "is", null)
    .execute();
};
