import { readIdentityFolder } from "@holdfast/shared/identity/identity-folder";
import { systemRandom } from "@holdfast/shared/ids/ids";
import { identityFolderOf } from "@holdfast/shared/installation/installation-files";
import { makeInstallation } from "@holdfast/shared/installation/make-installation";
import type { CliContext } from "../context.ts";
import type { Layout } from "./layout.ts";
import { joinHost } from "./own-addresses.ts";

/** Makes the installation at the first start, exactly as `init` does. */
export const openOwnInstallation = async ({ clock }: Pick<CliContext, "clock">, layout: Layout): Promise<void> => {
  if ((await readIdentityFolder(identityFolderOf(layout.controllerDir))) !== undefined) return;
  await makeInstallation({
    dataDir: layout.controllerDir,
    controllers: [layout.apiAddress],
    busListen: joinHost(layout.host, layout.natsPort),
    busServers: [layout.busAddress],
    clock,
    random: systemRandom,
  });
};
