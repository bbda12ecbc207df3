import { hostname } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import type { Clock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { renewExpired } from "@holdfast/shared/identity/keep-renewed";
import { openMembership, type OpenMembership } from "@holdfast/shared/identity/open-membership";
import type { Logger } from "@holdfast/shared/logging/logger";
import type { RepositoryFacts } from "../store/repository-store.ts";
import { folderOf, type ServerConfig } from "./server-config.ts";

/** What waiting for a controller needs. */
export interface MembershipDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal | undefined;
}

/**
 * The identity of a repository's server, which carries the repository's own id: the one in its folder, or what its join token gets it.
 * REPOSITORY_MISMATCH when it is another repository's, or when the repository belongs to another installation, and is not adopted
 * from that one by name.
 */
export const openRepositoryMembership = async (
  config: ServerConfig,
  { repositoryId, installationId }: RepositoryFacts,
  { clock, log, signal = new AbortController().signal }: MembershipDeps,
): Promise<OpenMembership> => {
  const said = { name: config.name || hostname(), managerName: "", clusterName: "", repositoryId };
  const options = { role: "repository" as const, folder: identityDirOf(config), joinBy: config, said };
  const opened = await openMembership(options, { clock, log }, signal);
  const { id, installationId: own } = opened.membership;
  if (id !== repositoryId)
    throw new HoldfastError("REPOSITORY_MISMATCH", `the identity is that of repository ${id}, not of ${repositoryId}`);
  const former = installationId === config.adoptFrom ? "" : installationId;
  for (const other of [former, config.installationId])
    if (other !== "" && other !== own)
      throw new HoldfastError("REPOSITORY_MISMATCH", `the repository belongs to installation ${other}, not to ${own}`);
  await renewExpired(opened, { clock, log }, signal);
  return opened;
};

/** A copy of a repository must not carry a key with it. */
const identityDirOf = (config: ServerConfig): string => {
  const { identityDir, indexPath } = config;
  const folder = resolve(identityDir === "" ? join(dirname(indexPath), "identity") : identityDir);
  const directory = folderOf(config);
  if (directory === undefined) return folder;
  const within = relative(resolve(directory), folder);
  if (within === "" || !within.startsWith(".."))
    throw new HoldfastError("CONFIG_INVALID", `the identity must not be kept inside the repository: ${folder}`);
  return folder;
};
