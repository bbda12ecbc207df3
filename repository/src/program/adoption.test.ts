import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@holdfast/shared/clock/clock";
import { parseRepositoryId } from "@holdfast/shared/format/repository-id";
import { openServedIdentity } from "@holdfast/shared/identity/testing/served-identity";
import { makeTestInstallation } from "@holdfast/shared/identity/testing/test-installation";
import { memoryLogger } from "@holdfast/shared/logging/memory-logger";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { RepositoryFacts } from "../store/repository-store.ts";
import { openRepositoryMembership } from "./repository-membership.ts";
import { serverConfigSchema } from "./server-config.ts";

const facts = {
  repositoryId: parseRepositoryId("11111111-1111-4111-8111-111111111111"),
  installationId: "first",
} as RepositoryFacts;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hf-adopt-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** The installation that the repository belongs to once it joined the second one. */
const joinSecond = async (settings: { readonly adoptFrom?: string }): Promise<string> => {
  await using controller = await openServedIdentity(await makeTestInstallation("second"));
  const config = serverConfigSchema.parse({
    directory: join(folder, "repository"),
    indexPath: join(folder, "index"),
    joinToken: controller.invite("repository").reveal(),
    ...settings,
  });
  const opened = await openRepositoryMembership(config, facts, {
    clock: systemClock,
    log: memoryLogger(),
    signal: undefined,
  });
  return opened.membership.installationId;
};

it("a repository of another installation is refused, and taken over by who names that one", async () => {
  await expect(joinSecond({})).rejects.toMatchObject({ code: "REPOSITORY_MISMATCH" });
  await rm(folder, { recursive: true });
  await expect(joinSecond({ adoptFrom: "third" })).rejects.toMatchObject({ code: "REPOSITORY_MISMATCH" });
  await rm(folder, { recursive: true });
  expect(await joinSecond({ adoptFrom: "first" })).toBe("second");
});
