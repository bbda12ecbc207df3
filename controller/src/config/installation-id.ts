import { join } from "node:path";
import { loadIdFile } from "@holdfast/shared/ids/id-file";
import { type InstallationId, type RandomBytes, randomName } from "@holdfast/shared/ids/ids";

/**
 * The id that stands in everything we leave on engines (R6): from the configuration, else from a file of the data folder, made at
 * the first start. It is outside the database on purpose: a lost database must not make our own things strangers.
 */
export const loadInstallationId = async (
  dataDir: string,
  configured: string | undefined,
  random: RandomBytes,
): Promise<InstallationId> => {
  if (configured !== undefined) return configured as InstallationId;
  const path = join(dataDir, "installation-id");
  const make = (): string => randomName(12, random);
  return (await loadIdFile({ path, of: "installation", form: /^[0-9a-z]{1,32}$/, make })) as InstallationId;
};
