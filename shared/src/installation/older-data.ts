import { rm } from "node:fs/promises";
import { join } from "node:path";
import { HoldfastError } from "../errors/holdfast-error.ts";
import { readIfThere } from "../files/read-if-there.ts";
import { randomName, type RandomBytes } from "../ids/ids.ts";

/** What a data folder of the time before identities holds, which its installation keeps. */
export interface OlderData {
  readonly installationId: string | undefined;
  /** The key of stored passwords, as its file has it. */
  readonly secretKey: string | undefined;
}

const idForm = /^[0-9a-z]{1,32}$/;

/** Reads the files `installation-id` and `secret.key` of an older data folder. */
export const readOlderData = async (dataDir: string): Promise<OlderData> => ({
  installationId: (await readIfThere(join(dataDir, "installation-id")))?.trim(),
  secretKey: await readIfThere(join(dataDir, "secret.key")),
});

/** Takes the older key file away, once the installation has it. */
export const removeOlderKey = (dataDir: string): Promise<void> => rm(join(dataDir, "secret.key"), { force: true });

/** The id of an installation: the one that older data has, the one wished for, or a new one. */
export const chooseInstallationId = (
  older: OlderData["installationId"],
  wished: string | undefined,
  random: RandomBytes,
): string => {
  if (older !== undefined && wished !== undefined && older !== wished)
    throw new HoldfastError("INVALID_ARGUMENT", `the data folder is of installation ${older}, not ${wished}`);
  const id = older ?? wished ?? randomName(12, random);
  if (!idForm.test(id)) throw new HoldfastError("CONFIG_INVALID", `not an id of an installation: ${id}`);
  return id;
};
