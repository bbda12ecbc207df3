import { join } from "node:path";
import { makeBusUser, signAgentUser } from "@holdfast/shared/bus/bus-accounts";
import { systemClock } from "@holdfast/shared/clock/clock";
import type { Identity } from "@holdfast/shared/identity/identity";
import type { BusKey } from "@holdfast/shared/identity/identity-folder";
import type { PeerRole } from "@holdfast/shared/identity/peer-name";
import { systemRandom } from "@holdfast/shared/ids/ids";
import { makeInstallation } from "@holdfast/shared/installation/make-installation";
import type { TestRun } from "./test-run.ts";
import { type Vouching, openVouching } from "./vouching.ts";

/** Somebody else's installation, none of whose proofs is worth anything at ours. */
export interface Stranger {
  readonly vouching: Vouching;
  /** A certificate of the stranger's authority, held by one who dials us: it believes our authority. */
  readonly intruder: (role: PeerRole, ours: Vouching) => Promise<Identity>;
  /** A user of the stranger's bus. */
  readonly busKey: () => Promise<BusKey>;
}

/** Makes another installation beside the story's; nothing of it is started. */
export const makeStranger = async (run: TestRun, controllers: readonly string[]): Promise<Stranger> => {
  const dataDir = join(run.dir, "stranger");
  await makeInstallation({
    dataDir,
    controllers,
    busListen: "127.0.0.1:1",
    busServers: ["tls://127.0.0.1:1"],
    clock: systemClock,
    random: systemRandom,
  });
  const vouching = await openVouching(dataDir);
  return {
    vouching,
    intruder: async (role, ours) => {
      const { caPem, installationId } = ours.installation.identity;
      return { ...(await vouching.identity(role, "story")), caPem, installationId };
    },
    busKey: async () => {
      const { seed, publicKey } = makeBusUser();
      const who = { agentId: "story", publicKey, managerName: "ovirt", clusterName: "east" };
      return { seed, jwt: await signAgentUser(vouching.installation.busSeeds.account, who) };
    },
  };
};
