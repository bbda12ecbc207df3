import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { readSecretFile } from "@holdfast/shared/config/secret";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { Trust } from "@holdfast/shared/identity/identity";
import { parseUserToken } from "@holdfast/shared/identity/user-token";
import { identityFolderOf, installationFiles } from "@holdfast/shared/installation/installation-files";
import type { CliContext } from "./context.ts";

/** What a command was told about whom to dial and as whom. */
export interface Target {
  readonly controller?: string | undefined;
  readonly tokenFile?: string | undefined;
  readonly caFile?: string | undefined;
}

/** Whom the command line believes, and what it shows them. */
export interface UserCredentials {
  readonly trust: Trust;
  /** The user's token (R12). */
  readonly token: string;
}

/** The authority and the token of an installation whose controller lies in a standalone's data directory. */
export const standaloneFiles = (dataDir: string): { readonly caFile: string; readonly tokenFile: string } => {
  const { ca, adminToken } = installationFiles(identityFolderOf(join(dataDir, "controller")));
  return { caFile: ca, tokenFile: adminToken };
};

/**
 * Token and authority: from the options, else the environment, else, for the socket of a standalone, its own. UNAUTHENTICATED or
 * CONFIG_INVALID says what is missing and how to give it.
 */
export const userCredentials = async (
  { env }: Pick<CliContext, "env">,
  target: Target,
  address: string,
): Promise<UserCredentials> => {
  const dataDir = /^unix:(?<dataDir>\/.*)\/run\/controller\.sock$/.exec(address)?.groups?.["dataDir"];
  const own = dataDir === undefined ? undefined : standaloneFiles(dataDir);
  const token = await findToken(env, target, own?.tokenFile);
  const caFile = firstGiven(target.caFile, env["HOLDFAST_CA_FILE"], own?.caFile);
  if (caFile === undefined) {
    throw new HoldfastError(
      "CONFIG_INVALID",
      `whom to believe at ${address} is not known: give --ca-file FILE or HOLDFAST_CA_FILE, the ca.pem of the installation`,
    );
  }
  const { installationId } = parseUserToken(token);
  return { trust: { installationId, caPem: await readCa(caFile) }, token };
};

const findToken = async (env: CliContext["env"], target: Target, ownTokenFile: string | undefined): Promise<string> => {
  const file = firstGiven(target.tokenFile, env["HOLDFAST_TOKEN_FILE"]);
  if (file !== undefined) return (await readSecretFile(file)).reveal().trim();
  const text = firstGiven(env["HOLDFAST_TOKEN"]);
  if (text !== undefined) return text;
  if (ownTokenFile !== undefined) return (await readSecretFile(ownTokenFile)).reveal().trim();
  throw new HoldfastError(
    "UNAUTHENTICATED",
    "no token: give --token-file FILE, or the variable HOLDFAST_TOKEN_FILE or HOLDFAST_TOKEN",
  );
};

const readCa = async (path: string): Promise<string> => {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new HoldfastError("CONFIG_INVALID", `the authority's certificate cannot be read: ${path}`, {
      details: { path },
      cause,
    });
  }
};

const firstGiven = (...values: readonly (string | undefined)[]): string | undefined =>
  values.find((value) => value !== undefined && value !== "");
