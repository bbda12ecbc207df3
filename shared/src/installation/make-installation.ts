import { generateKeyPairSync } from "node:crypto";
import { readdir } from "node:fs/promises";
import { dirname, relative, resolve } from "node:path";
import {
  type BusSeeds,
  makeBusSeeds,
  makeControllerUser,
  makeSystemUser,
  signBusAccounts,
} from "../bus/bus-accounts.ts";
import { busConfiguration } from "../bus/bus-configuration.ts";
import type { Clock } from "../clock/clock.ts";
import { HoldfastError } from "../errors/holdfast-error.ts";
import {
  type CertifiedKey,
  fingerprintOf,
  keyIdOf,
  makeAuthority,
  requestCertificate,
  signCertificate,
} from "../identity/certificates.ts";
import { type BusKey, identityFiles, type Membership } from "../identity/identity-folder.ts";
import type { PeerRole } from "../identity/peer-name.ts";
import { signTrustBundle } from "../identity/trust-bundle.ts";
import { hashSecret, makeUserToken, writeUserToken } from "../identity/user-token.ts";
import type { RandomBytes } from "../ids/ids.ts";
import { makeRecoveryKey } from "../recovery/recovery-key.ts";
import { type RecoveryKit, toRecoveryKit } from "../recovery/recovery-kit.ts";
import { authorityEndMs, checkAuthority } from "./check-authority.ts";
import { type DraftFolder, openDraftFolder } from "./draft-folder.ts";
import type { FirstAdmin } from "./first-admin.ts";
import { identityFolderOf, type InstallationFiles, installationFiles } from "./installation-files.ts";
import { encodeRecoveryRecord } from "./recovery-record.ts";
import { chooseInstallationId, readOlderData, removeOlderKey } from "./older-data.ts";

/** What an installation is to be. */
export interface InstallationWish {
  /** The controller's data folder; its `identity` folder is made. */
  readonly dataDir: string;
  /** Where joiners dial the controller's API. */
  readonly controllers: readonly string[];
  /** Where nats-server listens, `host:port`. */
  readonly busListen: string;
  /** Where everybody dials the bus, `tls://host:port`. */
  readonly busServers: readonly string[];
  /** Names and addresses that certificates carry for tools that check those. */
  readonly hostNames?: readonly string[];
  /** An authority of the operator's own in place of one that is made. */
  readonly authority?: CertifiedKey | undefined;
  readonly installationId?: string | undefined;
  readonly clock: Clock;
  readonly random: RandomBytes;
}

/** What was made, for who starts it. */
export interface MadeInstallation {
  readonly installationId: string;
  /** SHA-256 of the authority's certificate. */
  readonly caFingerprint: string;
  readonly caFile: string;
  readonly identityFolder: string;
  readonly natsConfigurationFile: string;
  readonly adminTokenFile: string;
  /** The only copy of the recovery key: to be shown once and kept nowhere. */
  readonly recoveryKit: RecoveryKit;
}

const yearMs = 365 * 86_400_000;

/** A new authority's life, and that of the certificate of the bus, which nobody renews. */
export const authorityLifeMs = 10 * yearMs;

/** Life of a controller's certificate; it renews its own. */
export const controllerLifeMs = yearMs;

/**
 * Makes an installation: its authority, its controller's identity, its keys, its bus and its first administrator. All of it
 * appears at once, or nothing. A data folder of earlier times keeps its id and its key. ALREADY_EXISTS when there is one.
 */
export const makeInstallation = async (wish: InstallationWish): Promise<MadeInstallation> => {
  const dataDir = resolve(wish.dataDir);
  const files = installationFiles(identityFolderOf(dataDir));
  await refuseExisting(files.folder);
  const older = await readOlderData(dataDir);
  const installationId = chooseInstallationId(older.installationId, wish.installationId, wish.random);
  const nowMs = wish.clock.nowMs();
  const authority = await authorityOf(wish, installationId);
  const making: Making = { wish, files, installationId, authority, nowMs };

  await using draft = await openDraftFolder(files.folder, wish.random);
  const write: Write = (path, text, mode) => draft.write(relative(files.folder, path), text, mode);
  await writeAuthority(making, write);
  await writeKeys(making, write, older.secretKey);
  await writeBus(making, write, draft);
  await writeFirstAdmin(making, write);
  const recoveryKit = await writeRecovery(making, write);
  await writeController(making, write);
  await draft.publish();
  await removeOlderKey(dataDir);
  return {
    installationId,
    caFingerprint: fingerprintOf(authority.certificatePem),
    caFile: files.ca,
    identityFolder: files.folder,
    natsConfigurationFile: files.nats.configuration,
    adminTokenFile: files.adminToken,
    recoveryKit,
  };
};

interface Making {
  readonly wish: InstallationWish;
  readonly files: InstallationFiles;
  readonly installationId: string;
  readonly authority: CertifiedKey;
  readonly nowMs: number;
}

/** Writes a file of the installation, named by where it will be. */
type Write = (path: string, text: string, mode?: number) => Promise<void>;

const publicMode = 0o644;

const refuseExisting = async (folder: string): Promise<void> => {
  const found = await readdir(folder).catch((cause: unknown) => {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return [];
    throw new HoldfastError("IO_FAILED", `cannot look at ${folder}`, { details: { folder }, cause });
  });
  if (found.length === 0) return;
  throw new HoldfastError("ALREADY_EXISTS", `there is an installation in ${folder}; nothing was changed`, {
    details: { folder },
  });
};

const authorityOf = async ({ authority, clock }: InstallationWish, installationId: string): Promise<CertifiedKey> => {
  if (authority === undefined)
    return await makeAuthority(`Holdfast ${installationId}`, { nowMs: clock.nowMs(), lifeMs: authorityLifeMs });
  checkAuthority(authority, clock.nowMs());
  return authority;
};

const writeAuthority = async ({ authority, files }: Making, write: Write): Promise<void> => {
  await write(files.ca, authority.certificatePem, publicMode);
  await write(files.caKey, authority.keyPem);
};

const writeKeys = async (making: Making, write: Write, olderKey: string | undefined): Promise<void> => {
  const { files, wish, authority, installationId, nowMs } = making;
  await write(files.secretKey, olderKey ?? `${Buffer.from(wish.random(32)).toString("base64")}\n`);
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  await write(files.taskTokenKey, privateKey.export({ type: "pkcs8", format: "pem" }).toString());
  const spki = publicKey.export({ type: "spki", format: "der" }).toString("base64");
  const bundle = { v: 1, installationId, number: 1, issuedMs: nowMs, revoked: [] } as const;
  const trust = signTrustBundle(authority, { ...bundle, revoked: [], tokenKeys: [{ id: keyIdOf(publicKey), spki }] });
  await write(files.trust, `${trust}\n`);
};

const writeBus = async (making: Making, write: Write, draft: DraftFolder): Promise<void> => {
  const { files, wish, authority } = making;
  const { nats } = files;
  const seeds = makeBusSeeds();
  await write(files.busSeeds, `${JSON.stringify({ v: 1, ...seeds })}\n`);
  await writeBusUsers(making, write, seeds);
  await draft.makeFolder(relative(files.folder, dirname(nats.configuration)));
  await draft.makeFolder(relative(files.folder, nats.accounts));
  const { certificatePem, keyPem } = await certify(making, "bus", "bus", authorityLifeMs);
  await write(nats.certificate, certificatePem, publicMode);
  await write(nats.key, keyPem);
  await write(nats.ca, authority.certificatePem, publicMode);
  const read = { certificateFile: nats.certificate, keyFile: nats.key, caFile: nats.ca, accountsDir: nats.accounts };
  const accounts = await signBusAccounts(seeds, {});
  await write(nats.configuration, busConfiguration({ listen: wish.busListen, ...read }, accounts));
};

const writeBusUsers = async (making: Making, write: Write, seeds: BusSeeds): Promise<void> => {
  const { files, installationId } = making;
  const owner = controllerOwner(installationId);
  const system = await makeSystemUser(seeds.systemAccount, owner);
  await writeBusKey(write, system, { jwt: files.systemJwt, seed: files.systemSeed });
  const own = await makeControllerUser(seeds.account, owner);
  const path = (name: string): string => `${files.folder}/${name}`;
  await writeBusKey(write, own, { jwt: path(identityFiles.busJwt), seed: path(identityFiles.busSeed) });
};

/** Whose private inboxes a controller's answers on the bus come to. */
export const controllerOwner = (installationId: string): string => `controller-${installationId}`;

const writeBusKey = async (
  write: Write,
  key: BusKey,
  paths: { readonly jwt: string; readonly seed: string },
): Promise<void> => {
  await write(paths.jwt, `${key.jwt}\n`);
  await write(paths.seed, `${key.seed}\n`);
};

const writeFirstAdmin = async ({ files, installationId, wish, nowMs }: Making, write: Write): Promise<void> => {
  const token = makeUserToken(installationId, wish.random);
  const kept: FirstAdmin = {
    v: 1,
    tokenId: token.tokenId,
    name: "first admin",
    role: "admin",
    hash: hashSecret(token.secret),
    createdMs: nowMs,
    revokedMs: 0,
  };
  await write(files.firstAdmin, `${JSON.stringify(kept)}\n`);
  await write(files.adminToken, `${writeUserToken(token)}\n`);
};

const writeRecovery = async (making: Making, write: Write): Promise<RecoveryKit> => {
  const { files, installationId, authority, nowMs: madeMs } = making;
  const { privateKey, publicKey } = makeRecoveryKey();
  await write(files.recovery, encodeRecoveryRecord({ kit: 1, publicKey, madeMs }));
  const caFingerprint = fingerprintOf(authority.certificatePem);
  return toRecoveryKit(privateKey, { installationId, kit: 1, madeMs, caFingerprint });
};

/** The identity of the controller, its membership last. */
const writeController = async (making: Making, write: Write): Promise<void> => {
  const { files, installationId, wish } = making;
  const path = (name: string): string => `${files.folder}/${name}`;
  const { certificatePem, keyPem } = await certify(making, "controller", "main", controllerLifeMs);
  await write(path(identityFiles.key), keyPem);
  await write(path(identityFiles.certificate), certificatePem, publicMode);
  const membership: Membership = {
    v: 1,
    installationId,
    role: "controller",
    id: "main",
    name: "controller",
    controllers: [...wish.controllers],
    busServers: [...wish.busServers],
    managerName: "",
    clusterName: "",
    workerId: "",
  };
  await write(path(identityFiles.membership), `${JSON.stringify(membership, undefined, 2)}\n`);
};

const certify = async (making: Making, role: PeerRole, id: string, lifeMs: number): Promise<CertifiedKey> => {
  const { authority, installationId, nowMs, wish } = making;
  const { keyPem, requestPem } = await requestCertificate();
  const certificatePem = await signCertificate(authority, {
    requestPem,
    name: { installationId, role, id },
    commonName: `${role} of ${installationId}`,
    hostNames: wish.hostNames ?? [],
    nowMs,
    lifeMs: Math.min(lifeMs, authorityEndMs(authority.certificatePem) - nowMs),
  });
  return { certificatePem, keyPem };
};
