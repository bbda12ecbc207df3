import { stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { HoldfastError } from "../errors/holdfast-error.ts";
import { readIfThere } from "../files/read-if-there.ts";
import { writeFileDurably } from "./durable-file.ts";
import type { Identity } from "./identity.ts";

/** What stands beside the certificate: how this process finds its installation again. */
const membershipSchema = z.object({
  v: z.literal(1),
  installationId: z.string(),
  role: z.enum(["controller", "agent", "repository"]),
  id: z.string(),
  name: z.string(),
  /** Where the controller's API is dialled, for renewals. */
  controllers: z.array(z.string()).readonly(),
  /** Where the bus is dialled; empty for processes that do not use it. */
  busServers: z.array(z.string()).readonly(),
  /** Agents: where they are deployed. */
  managerName: z.string(),
  clusterName: z.string(),
  /** Set for the agent of a worker VM. */
  workerId: z.string(),
});

/** How a process belongs to its installation. */
export type Membership = z.output<typeof membershipSchema>;

/** A member's proof to the bus: a user JWT and the seed of its NKey. */
export interface BusKey {
  readonly jwt: string;
  /** A secret (R12). */
  readonly seed: string;
}

/** Everything in an identity folder but the trust bundle, which is kept by `openTrustKeeper`. */
export interface StoredIdentity {
  readonly membership: Membership;
  readonly identity: Identity;
  readonly busKey: BusKey | undefined;
}

/** Names of the files in an identity folder. */
export const identityFiles = {
  ca: "ca.pem",
  certificate: "certificate.pem",
  key: "key.pem",
  trust: "trust.json",
  busJwt: "bus.jwt",
  busSeed: "bus.seed",
  membership: "identity.json",
} as const;

/** The identity in a folder; undefined when there is none yet. CONFIG_INVALID when it cannot be used, or its key is open to others. */
export const readIdentityFolder = async (folder: string): Promise<StoredIdentity | undefined> => {
  const text = await readIfThere(join(folder, identityFiles.membership));
  if (text === undefined) return undefined;
  const membership = parseMembership(text, folder);
  await refuseShared(join(folder, identityFiles.key));
  const [caPem, certificatePem, keyPem] = await Promise.all(
    [identityFiles.ca, identityFiles.certificate, identityFiles.key].map((name) => readThere(join(folder, name))),
  );
  const jwt = await readIfThere(join(folder, identityFiles.busJwt));
  const seed = await readIfThere(join(folder, identityFiles.busSeed));
  return {
    membership,
    identity: {
      installationId: membership.installationId,
      caPem: caPem ?? "",
      certificatePem: certificatePem ?? "",
      keyPem: keyPem ?? "",
    },
    busKey: jwt === undefined || seed === undefined ? undefined : { jwt: jwt.trim(), seed: seed.trim() },
  };
};

/** Writes an identity; the membership comes last, so that a folder without one is no identity yet. */
export const writeIdentityFolder = async (folder: string, stored: StoredIdentity): Promise<void> => {
  const { membership, identity, busKey } = stored;
  await writeFileDurably(join(folder, identityFiles.ca), identity.caPem, 0o644);
  await writeFileDurably(join(folder, identityFiles.key), identity.keyPem, 0o600);
  await writeCertificate(folder, identity.certificatePem);
  if (busKey !== undefined) {
    await writeFileDurably(join(folder, identityFiles.busJwt), `${busKey.jwt}\n`, 0o600);
    await writeFileDurably(join(folder, identityFiles.busSeed), `${busKey.seed}\n`, 0o600);
  }
  await writeFileDurably(
    join(folder, identityFiles.membership),
    `${JSON.stringify(membership, undefined, 2)}\n`,
    0o600,
  );
};

/** Replaces the certificate of an identity: what a renewal does. */
export const writeCertificate = (folder: string, certificatePem: string): Promise<void> =>
  writeFileDurably(join(folder, identityFiles.certificate), certificatePem, 0o644);

const parseMembership = (text: string, folder: string): Membership => {
  try {
    return membershipSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new HoldfastError("CONFIG_INVALID", `the identity in ${folder} cannot be read`, {
      details: { folder },
      cause,
    });
  }
};

const refuseShared = async (path: string): Promise<void> => {
  const { mode } = await stat(path).catch((cause: unknown) => {
    throw new HoldfastError("CONFIG_INVALID", `the key of the identity is missing: ${path}`, {
      details: { path },
      cause,
    });
  });
  if ((mode & 0o077) === 0) return;
  throw new HoldfastError("CONFIG_INVALID", `the key of the identity is open to others: ${path}`, {
    details: { path },
  });
};

const readThere = async (path: string): Promise<string> => {
  const text = await readIfThere(path);
  if (text === undefined)
    throw new HoldfastError("CONFIG_INVALID", `a file of the identity is missing: ${path}`, { details: { path } });
  return text;
};
