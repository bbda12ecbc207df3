import { join } from "node:path";
import { identityFiles } from "../identity/identity-folder.ts";

/** Where everything of an installation lies: the identity folder of its controller, which is more than a member's. */
export interface InstallationFiles {
  readonly folder: string;
  readonly ca: string;
  /** The authority's key: who has it is the installation. */
  readonly caKey: string;
  readonly trust: string;
  /** Key of the passwords that the database keeps. */
  readonly secretKey: string;
  readonly taskTokenKey: string;
  readonly busSeeds: string;
  readonly systemJwt: string;
  readonly systemSeed: string;
  /** The first administrator's token: may be moved away. */
  readonly adminToken: string;
  readonly firstAdmin: string;
  /** Members as far as they must outlive the database. */
  readonly members: string;
  /** Public half of the recovery key. */
  readonly recovery: string;
  readonly nats: NatsFiles;
}

/** What nats-server reads; the accounts folder it writes by itself. */
export interface NatsFiles {
  readonly configuration: string;
  readonly certificate: string;
  readonly key: string;
  readonly ca: string;
  readonly accounts: string;
}

/** The identity folder of a controller, from its data folder. */
export const identityFolderOf = (dataDir: string): string => join(dataDir, "identity");

/** Names of the files of an installation below its identity folder. */
export const installationFiles = (folder: string): InstallationFiles => {
  const below = (...names: readonly string[]): string => join(folder, ...names);
  return {
    folder,
    ca: below(identityFiles.ca),
    caKey: below("ca.key"),
    trust: below(identityFiles.trust),
    secretKey: below("secret.key"),
    taskTokenKey: below("task-token.key"),
    busSeeds: below("bus-seeds.json"),
    systemJwt: below("system.jwt"),
    systemSeed: below("system.seed"),
    adminToken: below("admin.token"),
    firstAdmin: below("first-admin.json"),
    members: below("members.json"),
    recovery: below("recovery.json"),
    nats: {
      configuration: below("nats", "nats.conf"),
      certificate: below("nats", "bus.pem"),
      key: below("nats", "bus.key"),
      ca: below("nats", "ca.pem"),
      accounts: below("nats", "accounts"),
    },
  };
};
