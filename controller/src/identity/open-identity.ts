import type { Clock } from "@holdfast/shared/clock/clock";
import { holdIdentity, type IdentityHolder } from "@holdfast/shared/identity/identity";
import type { RandomBytes } from "@holdfast/shared/ids/ids";
import type { Installation } from "@holdfast/shared/installation/open-installation";
import type { Database } from "../database/database.ts";
import { type Authority, openAuthority } from "./authority.ts";
import { openLedger } from "./ledger.ts";
import { type MemberRegistry, openMemberRegistry } from "./member-registry.ts";
import { createTaskTokens, type TaskTokens } from "./task-tokens.ts";
import { openUsers, type Users } from "./users.ts";

/** Everything by which a controller vouches for others, over one database. */
export interface OpenIdentity {
  readonly installation: Installation;
  /** The controller's own identity. */
  readonly holder: IdentityHolder;
  readonly authority: Authority;
  readonly members: MemberRegistry;
  readonly taskTokens: TaskTokens;
  readonly users: Users;
}

interface IdentityParts {
  readonly installation: Installation;
  readonly database: Database;
  readonly clock: Clock;
  readonly random: RandomBytes;
}

/** Opens what an installation's folder and the database know of members and users. */
export const openIdentity = async (parts: IdentityParts): Promise<OpenIdentity> => {
  const { installation, database, clock } = parts;
  const { installationId, signer, files } = installation;
  const ledger = await openLedger(files.members);
  const members = await openMemberRegistry(database, ledger);
  return {
    installation,
    holder: holdIdentity(installation.identity),
    authority: await openAuthority(installation, ledger, clock),
    members,
    taskTokens: createTaskTokens({ installationId, signer, members, clock }),
    users: await openUsers(parts),
  };
};
