import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { signBusAccounts } from "@holdfast/shared/bus/bus-accounts";
import { busConfiguration } from "@holdfast/shared/bus/bus-configuration";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { readCertificate, requestRenewal, signCertificate } from "@holdfast/shared/identity/certificates";
import { identityFiles } from "@holdfast/shared/identity/identity-folder";
import { openTrustBundle, signTrustBundle } from "@holdfast/shared/identity/trust-bundle";
import { hashSecret, makeUserToken, writeUserToken } from "@holdfast/shared/identity/user-token";
import type { RandomBytes } from "@holdfast/shared/ids/ids";
import { authorityEndMs } from "@holdfast/shared/installation/check-authority";
import type { FirstAdmin } from "@holdfast/shared/installation/first-admin";
import { identityFolderOf, installationFiles } from "@holdfast/shared/installation/installation-files";
import { controllerLifeMs } from "@holdfast/shared/installation/make-installation";
import { type Installation, openInstallation } from "@holdfast/shared/installation/open-installation";
import { openLedger } from "../identity/ledger.ts";
import { hostNamesIn } from "../identity/own-renewal.ts";
import { raisedTrust } from "./raised-trust.ts";

/** Where the rebuilt installation is reached; as the backup says where nothing is given. */
export interface RecoveredPlaces {
  /** Where nats-server listens, `host:port`. */
  readonly busListen?: string | undefined;
  /** Where joiners and members dial the controller's API. */
  readonly controllers?: readonly string[] | undefined;
  /** Where everybody dials the bus. */
  readonly busServers?: readonly string[] | undefined;
}

/** What an identity folder was made into. */
export interface RecoveredIdentity {
  readonly installation: Installation;
  readonly trust: { readonly before: number; readonly now: number };
}

interface Parts extends RecoveredPlaces {
  /** Data folder as it is now, and as it will be. */
  readonly draft: string;
  readonly dataDir: string;
  readonly nowMs: number;
  readonly random: RandomBytes;
}

/** Makes the identity of a backup fit for a new beginning: trust under a number that nobody has seen, a new first administrator, paths. */
export const recoverIdentity = async (parts: Parts): Promise<RecoveredIdentity> => {
  await rewriteMembership(parts);
  const installation = await openInstallation(parts.draft);
  const trust = await raiseTrust(installation, parts.nowMs);
  await renewCertificate(installation, parts.nowMs);
  await writeFirstAdmin(installation, parts);
  await writeBusConfiguration(installation, parts);
  return { installation, trust };
};

const rewriteMembership = async ({ draft, controllers, busServers }: Parts): Promise<void> => {
  const path = join(identityFolderOf(draft), identityFiles.membership);
  const before: unknown = JSON.parse(await readFile(path, "utf8"));
  const changed = {
    ...(typeof before === "object" ? before : {}),
    ...(controllers === undefined ? {} : { controllers }),
    ...(busServers === undefined ? {} : { busServers }),
  };
  await writeFile(path, `${JSON.stringify(changed, undefined, 2)}\n`);
};

const raiseTrust = async (
  { files, identity, authority }: Installation,
  nowMs: number,
): Promise<RecoveredIdentity["trust"]> => {
  const before = openTrustBundle((await readFile(files.trust, "utf8")).trim(), identity.caPem);
  const raised = raisedTrust(before, nowMs);
  await writeFile(files.trust, `${signTrustBundle(authority, raised)}\n`);
  return { before: before.number, now: raised.number };
};

/** A backup may be older than its controller's certificate lived. The key stays. */
const renewCertificate = async ({ authority, identity, files }: Installation, nowMs: number): Promise<void> => {
  const { certificatePem, keyPem } = identity;
  const renewed = await signCertificate(authority, {
    requestPem: await requestRenewal(keyPem),
    name: readCertificate(certificatePem).name,
    commonName: "controller",
    hostNames: hostNamesIn(certificatePem),
    nowMs,
    lifeMs: Math.min(controllerLifeMs, authorityEndMs(authority.certificatePem) - nowMs),
  });
  await writeFile(join(files.folder, identityFiles.certificate), renewed);
};

/** Of the tokens before nobody knows which were revoked since: none of them is believed. */
const writeFirstAdmin = async ({ files, installationId }: Installation, { nowMs, random }: Parts): Promise<void> => {
  const token = makeUserToken(installationId, random);
  const kept: FirstAdmin = {
    v: 1,
    tokenId: token.tokenId,
    name: "admin after recovery",
    role: "admin",
    hash: hashSecret(token.secret),
    createdMs: nowMs,
    revokedMs: 0,
  };
  await writeFile(files.firstAdmin, `${JSON.stringify(kept)}\n`);
  await writeFile(files.adminToken, `${writeUserToken(token)}\n`, { mode: 0o600 });
};

/** The bus begins with what the backup knows to be taken back, and has its files where they will be. */
const writeBusConfiguration = async (
  { files, busSeeds }: Installation,
  { dataDir, busListen }: Parts,
): Promise<void> => {
  const { nats } = installationFiles(identityFolderOf(dataDir));
  const listen = busListen ?? listenOf(await readFile(files.nats.configuration, "utf8"));
  const { busRevoked } = await openLedger(files.members);
  const read = { certificateFile: nats.certificate, keyFile: nats.key, caFile: nats.ca, accountsDir: nats.accounts };
  const text = busConfiguration({ listen, ...read }, await signBusAccounts(busSeeds, busRevoked));
  await writeFile(files.nats.configuration, text);
  await mkdir(files.nats.accounts, { recursive: true, mode: 0o700 });
};

const listenOf = (configuration: string): string => {
  const listen = /^listen:\s*"?([^"\s]+)"?\s*$/m.exec(configuration)?.[1];
  if (listen !== undefined) return listen;
  throw new HoldfastError(
    "INVALID_ARGUMENT",
    "the backup does not say where the bus listened: say where it is to, with --bus-listen",
  );
};
