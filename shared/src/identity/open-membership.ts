import { join } from "node:path";
import { HoldfastError } from "../errors/holdfast-error.ts";
import { readCertificate } from "./certificates.ts";
import { type IdentityHolder, holdIdentity } from "./identity.ts";
import {
  type BusKey,
  identityFiles,
  type Membership,
  readIdentityFolder,
  type StoredIdentity,
} from "./identity-folder.ts";
import { type JoinSettings, readJoinToken } from "./join-settings.ts";
import { type JoinDeps, type JoinerWords, joinInstallation, type JoiningRole } from "./join-installation.ts";
import { openTrustKeeper, type TrustKeeper } from "./trust-keeper.ts";

/** Where a process keeps who it is, and how it gets there the first time. */
export interface MembershipOptions {
  readonly role: JoiningRole;
  readonly folder: string;
  /** Looked at only while the folder holds no identity. */
  readonly joinBy: JoinSettings;
  readonly said: JoinerWords;
}

/** A process that belongs to an installation. */
export interface OpenMembership {
  readonly folder: string;
  readonly membership: Membership;
  readonly holder: IdentityHolder;
  /** Undefined for processes that do not use the bus. */
  readonly busKey: BusKey | undefined;
  readonly trust: TrustKeeper;
}

/**
 * The identity of this process: the one in its folder, or the one that its join token gets it. IDENTITY_MISSING with neither,
 * IDENTITY_REVOKED when the newest trust bundle that it saw says so.
 */
export const openMembership = async (
  options: MembershipOptions,
  deps: JoinDeps,
  signal: AbortSignal,
): Promise<OpenMembership> => {
  const { folder, role } = options;
  const stored = (await readIdentityFolder(folder)) ?? (await joinFirst(options, deps, signal));
  const { membership, identity, busKey } = stored;
  if (membership.role !== role)
    throw new HoldfastError("CONFIG_INVALID", `the identity in ${folder} is of role ${membership.role}, not ${role}`);
  const trust = await openTrustKeeper(join(folder, identityFiles.trust), identity.caPem);
  refuseRevoked(trust, identity.certificatePem);
  return { folder, membership, holder: holdIdentity(identity), busKey, trust };
};

/** IDENTITY_REVOKED when the newest bundle takes this certificate's key back. */
export const refuseRevoked = ({ isRevoked }: Pick<TrustKeeper, "isRevoked">, certificatePem: string): void => {
  const { keyId, name } = readCertificate(certificatePem);
  if (!isRevoked(keyId)) return;
  const what = `the certificate of ${name.role} ${name.id} was revoked`;
  throw new HoldfastError(
    "IDENTITY_REVOKED",
    `${what}; to join anew it needs an empty identity folder and a new token`,
  );
};

const joinFirst = async (
  { role, folder, joinBy, said }: MembershipOptions,
  deps: JoinDeps,
  signal: AbortSignal,
): Promise<StoredIdentity> => {
  const joinToken = await readJoinToken(joinBy);
  if (joinToken === undefined)
    throw new HoldfastError("IDENTITY_MISSING", `there is no identity in ${folder}, and no join token to get one`, {
      details: { folder },
    });
  return await joinInstallation({ role, joinToken, folder, said }, deps, signal);
};
