import { readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Clock } from "@holdfast/shared/clock/clock";
import { type ConfigurationContent, unpackConfiguration } from "@holdfast/shared/configuration/configuration-content";
import { decodeConfiguration } from "@holdfast/shared/configuration/configuration-object";
import { openConfiguration } from "@holdfast/shared/configuration/seal-configuration";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { fingerprintOf } from "@holdfast/shared/identity/certificates";
import type { RandomBytes } from "@holdfast/shared/ids/ids";
import { identityFolderOf, installationFiles } from "@holdfast/shared/installation/installation-files";
import { parse, stringify } from "yaml";
import { z } from "zod";
import { databaseFile } from "../configurations/collect-configuration.ts";
import { openDatabase } from "../database/database.ts";
import { type CalmedDatabase, calmDatabase } from "./calm-database.ts";
import { openRecoveredFolder, writeFiles } from "./recovered-folder.ts";
import { type RecoveredIdentity, recoverIdentity, type RecoveredPlaces } from "./recovered-identity.ts";

/** What a controller is rebuilt from, and where. */
export interface RecoveryWish extends RecoveredPlaces {
  /** The sealed configuration, whole. */
  readonly configuration: Uint8Array;
  /** Private half of the recovery key. */
  readonly recoveryKey: Uint8Array;
  /** The new data folder: empty or absent. */
  readonly dataDir: string;
  /** Where the controller's API listens; as in the backup unless given. */
  readonly listen?: string | undefined;
  /** Where repositories are reached now, by name or id; as in the backup unless given. */
  readonly repositoriesAt?: ReadonlyMap<string, string>;
  readonly clock: Clock;
  readonly random: RandomBytes;
}

/** What was rebuilt, for who starts it. */
export interface Recovered extends CalmedDatabase, Pick<RecoveredIdentity, "trust"> {
  readonly installationId: string;
  readonly caFingerprint: string;
  readonly number: number;
  readonly createdMs: number;
  readonly kit: number;
  readonly dataDir: string;
  readonly caFile: string;
  readonly adminTokenFile: string;
  readonly controllerConfigFile: string;
  readonly natsConfigurationFile: string;
  readonly controllers: readonly string[];
  readonly busServers: readonly string[];
}

/**
 * Rebuilds a controller's data folder from a configuration. It appears whole or not at all, and starts nothing by itself.
 * RECOVERY_KEY_WRONG, CONFIGURATION_DAMAGED, TARGET_NOT_EMPTY, SCHEMA_TOO_NEW for a backup of a later version.
 */
export const recoverController = async (wish: RecoveryWish): Promise<Recovered> => {
  const { clock, random } = wish;
  const dataDir = resolve(wish.dataDir);
  const sealed = decodeConfiguration(wish.configuration);
  const content = await unpackConfiguration(openConfiguration(sealed, wish.recoveryKey));
  const nowMs = clock.nowMs();

  await using folder = await openRecoveredFolder(dataDir, random);
  const { draft } = folder;
  await writeFiles(draft, content.files);
  const { busListen, controllers, busServers } = wish;
  const { installation, trust } = await recoverIdentity({
    draft,
    dataDir,
    nowMs,
    random,
    busListen,
    controllers,
    busServers,
  });
  if (installation.installationId !== content.installationId)
    throw new HoldfastError("CONFIGURATION_DAMAGED", `the configuration is of two installations`);
  const calmed = await calm(draft, wish);
  await writeSettings(content, { draft, dataDir, listen: wish.listen });
  await folder.publish();
  const files = installationFiles(identityFolderOf(dataDir));
  return {
    ...calmed,
    trust,
    installationId: content.installationId,
    caFingerprint: fingerprintOf(installation.authority.certificatePem),
    number: sealed.header.number,
    createdMs: content.createdMs,
    kit: content.kit,
    dataDir,
    caFile: files.ca,
    adminTokenFile: files.adminToken,
    controllerConfigFile: join(dataDir, settingsFile),
    natsConfigurationFile: files.nats.configuration,
    controllers: installation.membership.controllers,
    busServers: installation.membership.busServers,
  };
};

const settingsFile = "controller.yaml";
const usualListen = "127.0.0.1:7400";

const calm = async (draft: string, { clock, repositoriesAt = new Map() }: RecoveryWish): Promise<CalmedDatabase> => {
  await using database = await openDatabase(join(draft, databaseFile), clock);
  return await calmDatabase(database, { nowMs: clock.nowMs(), repositoriesAt });
};

const settingsSchema = z.looseObject({ rpc: z.looseObject({}).optional() });

/** The controller's own configuration, with the paths that it has now. */
const writeSettings = async (
  { files }: ConfigurationContent,
  { draft, dataDir, listen }: { draft: string; dataDir: string; listen: string | undefined },
): Promise<void> => {
  const path = join(draft, settingsFile);
  const isThere = files.some((file) => file.path === settingsFile);
  const before = isThere ? settingsSchema.parse(parse(await readFile(path, "utf8")) ?? {}) : {};
  const { keyFile: _elsewhere, dataDir: _before, rpc, ...others } = before;
  const where = listen ?? (isThere ? undefined : usualListen);
  const listening = where === undefined ? rpc : { ...rpc, listen: [where] };
  await writeFile(path, stringify({ dataDir, ...(listening === undefined ? {} : { rpc: listening }), ...others }), {
    mode: 0o600,
  });
};
