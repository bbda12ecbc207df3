import { createPrivateKey, createPublicKey } from "node:crypto";
import { readFile } from "node:fs/promises";
import { z } from "zod";
import type { BusSeeds } from "../bus/bus-accounts.ts";
import { HoldfastError } from "../errors/holdfast-error.ts";
import { type CertifiedKey, keyIdOf } from "../identity/certificates.ts";
import { type BusKey, readIdentityFolder, type StoredIdentity } from "../identity/identity-folder.ts";
import type { TokenSigner } from "../identity/task-token.ts";
import { type FirstAdmin, firstAdminSchema } from "./first-admin.ts";
import { identityFolderOf, type InstallationFiles, installationFiles } from "./installation-files.ts";

/** An installation as its controller has it: everything with which it vouches for others. */
export interface Installation extends StoredIdentity {
  readonly installationId: string;
  readonly files: InstallationFiles;
  readonly authority: CertifiedKey;
  readonly signer: TokenSigner;
  readonly busSeeds: BusSeeds;
  readonly busKey: BusKey;
  /** Proof to the servers' own account of the bus, where account JWTs are told. */
  readonly systemBusKey: BusKey;
  readonly firstAdmin: FirstAdmin;
}

const seedsSchema = z.object({
  v: z.literal(1),
  operator: z.string(),
  account: z.string(),
  systemAccount: z.string(),
});

/** The installation of a data folder; IDENTITY_MISSING when there is none, CONFIG_INVALID when a part of it cannot be used. */
export const openInstallation = async (dataDir: string): Promise<Installation> => {
  const files = installationFiles(identityFolderOf(dataDir));
  const stored = await readIdentityFolder(files.folder);
  if (stored === undefined) {
    throw new HoldfastError("IDENTITY_MISSING", `there is no installation in ${dataDir}: holdfast init makes one`, {
      details: { dataDir },
    });
  }
  if (stored.membership.role !== "controller" || stored.busKey === undefined)
    throw new HoldfastError("CONFIG_INVALID", `the identity in ${files.folder} is not that of a controller`);
  return {
    ...stored,
    busKey: stored.busKey,
    installationId: stored.membership.installationId,
    files,
    authority: { certificatePem: stored.identity.caPem, keyPem: await read(files.caKey) },
    signer: toSigner(await read(files.taskTokenKey)),
    busSeeds: parse(seedsSchema, await read(files.busSeeds), files.busSeeds),
    systemBusKey: { jwt: (await read(files.systemJwt)).trim(), seed: (await read(files.systemSeed)).trim() },
    firstAdmin: parse(firstAdminSchema, await read(files.firstAdmin), files.firstAdmin),
  };
};

const toSigner = (keyPem: string): TokenSigner => ({
  id: keyIdOf(createPublicKey(createPrivateKey(keyPem))),
  keyPem,
});

const read = async (path: string): Promise<string> => {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new HoldfastError("CONFIG_INVALID", `a file of the installation cannot be read: ${path}`, {
      details: { path },
      cause,
    });
  }
};

const parse = <T>(schema: z.ZodType<T>, text: string, path: string): T => {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new HoldfastError("CONFIG_INVALID", `a file of the installation is damaged: ${path}`, {
      details: { path },
      cause,
    });
  }
};
