import type { Clock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { writeFileDurably } from "@holdfast/shared/identity/durable-file";
import {
  isSecretOf,
  hashSecret,
  makeUserToken,
  parseUserToken,
  type UserRole,
  writeUserToken,
} from "@holdfast/shared/identity/user-token";
import type { RandomBytes } from "@holdfast/shared/ids/ids";
import type { Installation } from "@holdfast/shared/installation/open-installation";
import type { Database } from "../database/database.ts";
import {
  findUserToken,
  insertUserToken,
  listUserTokens,
  noteUserTokenUse,
  revokeUserToken,
} from "../database/user-tokens-table.ts";
import type { User } from "./user.ts";

/** The users of the operators' API. */
export interface Users {
  /** Who shows this `authorization` header; UNAUTHENTICATED when nobody who is believed does. */
  check(authorization: string | undefined): Promise<User>;
  list(): Promise<readonly User[]>;
  /** Makes a token; the text is shown once and kept nowhere (R12). */
  create(wish: UserWish): Promise<{ readonly user: User; readonly token: string }>;
  /** NOT_FOUND for none. */
  revoke(tokenId: string): Promise<User>;
}

/** What a new token is to be. */
export interface UserWish {
  readonly name: string;
  readonly role: UserRole;
  /** 0 for ever. */
  readonly lifeMs: number;
}

interface UsersDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly installation: Pick<Installation, "installationId" | "firstAdmin" | "files">;
}

const noteUseEveryMs = 60_000;

/** Opens the users; the first administrator is one of them unless that token was revoked. */
export const openUsers = async (deps: UsersDeps): Promise<Users> => {
  const { database, clock, installation } = deps;
  const { firstAdmin, installationId } = installation;
  if (firstAdmin.revokedMs === 0) await insertUserToken(database.queries, toUser(firstAdmin));
  return {
    check: async (authorization) => {
      const token = parseUserToken(bearerOf(authorization));
      const user = await findUserToken(database.queries, token.tokenId);
      const isKnown = user !== undefined && isSecretOf(token.secret, user.secretHash);
      if (!isKnown || token.installationId !== installationId) throw unauthenticated("it is unknown");
      const nowMs = clock.nowMs();
      const why = whyUserRefused(user, nowMs);
      if (why !== undefined) throw unauthenticated(why);
      if (nowMs - (user.lastUsedMs ?? 0) >= noteUseEveryMs)
        await noteUserTokenUse(database.queries, user.tokenId, nowMs);
      return user;
    },
    list: () => listUserTokens(database.queries),
    create: (wish) => createUser(deps, wish),
    revoke: (tokenId) => revokeUser(deps, tokenId),
  };
};

/** Why a token that is known is not believed; undefined when it is. */
export const whyUserRefused = ({ revokedMs, expiresMs }: User, nowMs: number): string | undefined => {
  if (revokedMs !== null) return "it was revoked";
  return expiresMs !== null && nowMs >= expiresMs ? "it has expired" : undefined;
};

/** The token in an `authorization` header; UNAUTHENTICATED without one. */
export const bearerOf = (authorization: string | undefined): string => {
  const token = /^Bearer +(?<token>\S+)$/i.exec(authorization ?? "")?.groups?.["token"];
  if (token !== undefined) return token;
  throw new HoldfastError("UNAUTHENTICATED", "the call brings no token");
};

const unauthenticated = (why: string): HoldfastError =>
  new HoldfastError("UNAUTHENTICATED", `the token is not accepted: ${why}`);

const toUser = ({ tokenId, name, role, hash, createdMs }: Installation["firstAdmin"]): User => ({
  tokenId,
  name,
  role,
  secretHash: hash,
  createdMs,
  expiresMs: null,
  lastUsedMs: null,
  revokedMs: null,
});

const createUser = async (
  { database, clock, random, installation }: UsersDeps,
  { name, role, lifeMs }: UserWish,
): Promise<{ readonly user: User; readonly token: string }> => {
  if (!/^\S.{0,63}$/.test(name))
    throw new HoldfastError("INVALID_ARGUMENT", "a token needs a name of 1 to 64 characters");
  const token = makeUserToken(installation.installationId, random);
  const createdMs = clock.nowMs();
  const user: User = {
    tokenId: token.tokenId,
    name,
    role,
    secretHash: hashSecret(token.secret),
    createdMs,
    expiresMs: lifeMs === 0 ? null : createdMs + lifeMs,
    lastUsedMs: null,
    revokedMs: null,
  };
  await insertUserToken(database.queries, user);
  return { user, token: writeUserToken(token) };
};

const revokeUser = async ({ database, clock, installation }: UsersDeps, tokenId: string): Promise<User> => {
  const { firstAdmin, files } = installation;
  const nowMs = clock.nowMs();
  // Outside the database too: one that is lost must not bring the token back.
  if (tokenId === firstAdmin.tokenId)
    await writeFileDurably(files.firstAdmin, `${JSON.stringify({ ...firstAdmin, revokedMs: nowMs })}\n`, 0o600);
  await revokeUserToken(database.queries, tokenId, nowMs);
  const user = await findUserToken(database.queries, tokenId);
  if (user !== undefined) return user;
  throw new HoldfastError("NOT_FOUND", `there is no token ${tokenId}`, { details: { token: tokenId } });
};
