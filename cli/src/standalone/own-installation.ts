import { stat } from "node:fs/promises";
import { readIdentityFolder } from "@holdfast/shared/identity/identity-folder";
import { systemRandom } from "@holdfast/shared/ids/ids";
import { identityFolderOf } from "@holdfast/shared/installation/installation-files";
import { makeInstallation } from "@holdfast/shared/installation/make-installation";
import type { CliContext } from "../context.ts";
import { writeKitFile } from "../recovery-kit/kit-file.ts";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { Layout } from "./layout.ts";
import { joinHost } from "./own-addresses.ts";

/** Makes the installation at the first start, exactly as `init` does; its recovery kit lies in the data folder. */
export const openOwnInstallation = async ({ clock }: Pick<CliContext, "clock">, layout: Layout): Promise<void> => {
  if ((await readIdentityFolder(identityFolderOf(layout.controllerDir))) !== undefined) return;
  await refuseToForget(layout);
  const { recoveryKit } = await makeInstallation({
    dataDir: layout.controllerDir,
    controllers: [layout.apiAddress],
    busListen: joinHost(layout.host, layout.natsPort),
    busServers: [layout.busAddress],
    clock,
    random: systemRandom,
  });
  await writeKitFile(layout.recoveryKit, recoveryKit);
};

/** A kit without its installation: a new one would be a stranger to every member, and its kit would take that one's place. */
const refuseToForget = async ({ recoveryKit, controllerDir, repositoryDir }: Layout): Promise<void> => {
  const isKitThere = await stat(recoveryKit).then(
    () => true,
    () => false,
  );
  if (!isKitThere) return;
  throw new HoldfastError(
    "FAILED_PRECONDITION",
    `the installation of recovery kit ${recoveryKit} is gone from ${controllerDir}: rebuild it with holdfast controller ` +
      `recover --from ${repositoryDir} --recovery-key-file ${recoveryKit} --to ${controllerDir}, or move the kit away to begin anew`,
  );
};
